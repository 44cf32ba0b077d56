#!/usr/bin/env bash
# Puts the classifier on Google Cloud; ./deploy.sh --help explains how.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
  cat <<'HELP'
Usage: ./deploy.sh http|upload|both --project P --region R --model MODEL [options]

  http    an HTTP function that answers with the labels of the image it is sent
  upload  a function that labels every image uploaded to --bucket and writes to --results
  both    the two of them, from the same files

What is about to be sent is first collected in a temporary folder and tried there; nothing is sent when it
cannot classify a picture. Both functions are private. Running it again changes only what is different.

  --project P                  the Google Cloud project
  --region R                   the region of the functions, such as europe-west1
  --model MODEL                a model.onnx to send along, or gs://BUCKET/OBJECT to read at the first request
  --bucket B                   upload: the bucket to watch
  --results gs://B/PREFIX      upload: where the labels go; what lies under it is never classified
  --trigger-location L         upload: the location of the watched bucket, when it is not R (such as eu)
  --env-file FILE              settings as lines NAME=VALUE; README has their table

  --failed gs://B/PREFIX       upload: where pictures without labels are copied
  --include PATTERNS           upload: which names are classified; default: all
  --exclude PATTERNS           upload: which are not
  --annotate                   upload: write the best label into the picture's metadata too
  --max-event-age SECONDS      upload: from this age on a fault is recorded, not retried; default: 43200
  --timeout SECONDS            upload: the time for one event; default: 240
  --max-bytes N                the largest file that is classified
  --max-pixels N               the largest picture that is classified, width times height; default: 36000000

  --name NAME                  default: classify
  --upload-name NAME           default: NAME-upload
  --runtime RUNTIME            default: python313
  --memory SIZE                default: 2Gi
  --cpu N                      default: 1
  --concurrency N              requests at a time in one instance; default: 2
  --min-instances N            default: 0
  --max-instances N            default: 10
  --service-account EMAIL      the identity of the HTTP function; default: one of its own, made here
  --upload-service-account E   the identity of the upload function; default: one of its own, made here
  --allow-unauthenticated      http: anybody may call it; without this flag callers need permission
  --dry-run                    collect and try the files, print the gcloud commands, send nothing
  --help                       show this text

The files are tried in a new virtual environment with requirements.txt alone; PYTHON=... names a Python
that has those installed, to be used instead.
HELP
}

command='' project='' region='' model='' bucket='' results='' trigger_location=''
failed='' include='' exclude='' annotate='' max_bytes=''
extra=() # settings that no flag is for
name=classify upload_name='' service_account='' upload_service_account=''
runtime=python313
# Two at a time gave 77 small pictures a second on one CPU, one at a time 55; four gave no more unless senders were slow.
cpu=1
concurrency=2
# Two pictures at a time of that many pixels took 1.6 GB at their worst (WebP; ordinary JPEGs: 0.3 GB).
# An upload that ends an instance is delivered again, and would end the next one: raise both or neither.
memory=2Gi
max_pixels=36000000
# A flood of requests or uploads meets this limit before it meets the budget.
max_instances=10
min_instances=0
timeout=240
# 100 deliveries are all that a dead-letter topic allows; with pauses of up to 10 minutes they last for some 16 hours.
# An event has to be given up, with a record, before that.
max_delivery_attempts=100
max_event_age=43200
access=--no-allow-unauthenticated
dry_run=false
bucket_name='[a-z0-9][a-z0-9._-]+'
object_name='[^|"\\[:cntrl:]]+' # | separates the settings in gcloud's arguments; " and \ would end a condition's text

say() { printf '%s\n' "$*" >&2; }

refuse() {
  say "deploy.sh: $*"
  exit 2
}

fail() {
  say "deploy.sh: $*"
  exit 1
}

read_arguments() {
  while (($#)); do
    case $1 in
      http | upload | both)
        [[ -z $command ]] || refuse "Say one of http, upload and both; $command was said already."
        command=$1
        ;;
      --help | -h) usage && exit 0 ;;
      --dry-run) dry_run=true ;;
      --allow-unauthenticated) access=$1 ;;
      --annotate) annotate=1 ;;
      --project | --region | --model | --bucket | --results | --trigger-location | --env-file | --failed | --include | \
        --exclude | --max-event-age | --timeout | --max-bytes | --max-pixels | --name | --upload-name | --runtime | \
        --memory | --cpu | --concurrency | --min-instances | --max-instances | --service-account | --upload-service-account)
        [[ -n ${2-} && $2 != --* ]] || refuse "$1 needs a value."
        set_option "$1" "$2"
        shift
        ;;
      --*=*)
        set -- "${1%%=*}" "${1#*=}" "${@:2}"
        continue
        ;;
      *) refuse "There is no argument $1; ./deploy.sh --help lists them." ;;
    esac
    shift
  done
}

set_option() {
  local variable=${1#--}
  [[ $1 != --env-file ]] || read_env_file "$2"
  printf -v "${variable//-/_}" '%s' "$2"
}

check_arguments() {
  [[ -n $command ]] || refuse "Say what to deploy: http, upload or both."
  [[ -n $project ]] || refuse "--project is missing."
  [[ -n $region ]] || refuse "--region is missing."
  [[ -n $model ]] || refuse "--model is missing."
  check_model
  upload_name=${upload_name:-$name-upload}
  local option variable
  for option in --name --upload-name; do # which are names of service accounts too
    variable=${option#--} variable=${variable//-/_}
    [[ ${!variable} =~ ^[a-z][a-z0-9-]{4,28}[a-z0-9]$ ]] ||
      refuse "$option wants 6 to 30 lower-case letters, digits and dashes, not ${!variable}."
  done
  for option in --concurrency --max-instances --max-bytes --max-pixels --max-event-age --timeout; do
    variable=${option#--} variable=${variable//-/_}
    [[ -z ${!variable} || ${!variable} =~ ^[1-9][0-9]*$ ]] || refuse "$option wants a whole number, not ${!variable}."
  done
  [[ $min_instances =~ ^[0-9]+$ ]] || refuse "--min-instances wants a whole number, not $min_instances."
  if [[ $command == http ]]; then
    [[ -z $bucket$results$trigger_location$failed$include$exclude$annotate ]] ||
      refuse "--bucket, --results and what is marked upload: in --help belong to upload and both."
  else
    check_upload_arguments
  fi
}

read_env_file() {
  [[ -f $1 ]] || refuse "There is no file $1."
  local line
  while IFS= read -r line || [[ -n $line ]]; do
    [[ -n $line && $line != '#'* ]] || continue
    [[ $line =~ ^([A-Z_]+)=([^|]*)$ ]] || refuse "$1 wants lines NAME=VALUE without |, not $line."
    grep -q "^ *\"${BASH_REMATCH[1]}\",\|Setting(\"${BASH_REMATCH[1]}\"" "$here/service/settings/table.py" ||
      refuse "There is no setting ${BASH_REMATCH[1]}; README lists them."
    take_setting "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
  done <"$1"
}

take_setting() { # what has a flag is as if the flag had been given here
  case $1 in
    MODEL | RESULTS | FAILED | BUCKET | INCLUDE | EXCLUDE | ANNOTATE | MAX_BYTES | MAX_PIXELS | MAX_EVENT_AGE)
      printf -v "$(lower "$1")" '%s' "$2"
      ;;
    TIMEOUT_SECONDS) timeout=$2 ;;
    *) extra+=("$1=$2") ;;
  esac
}

lower() { # macOS has no ${1,,}
  tr '[:upper:]' '[:lower:]' <<<"$1"
}

check_model() {
  if [[ $model == gs://* ]]; then
    [[ $model =~ ^gs://$bucket_name/$object_name$ ]] || refuse "--model wants gs://BUCKET/OBJECT, not $model."
  else
    [[ -f $model ]] || refuse "There is no model file $model."
  fi
}

check_upload_arguments() {
  [[ -n $bucket ]] || refuse "$command needs --bucket, the bucket to watch."
  [[ -n $results ]] || refuse "$command needs --results, where the labels are written."
  [[ $bucket =~ ^$bucket_name$ ]] || refuse "--bucket wants the name of a bucket, not $bucket."
  [[ $access != --allow-unauthenticated || $command == both ]] ||
    refuse "--allow-unauthenticated belongs to http and both."
  # A result written where uploads are watched would be an upload itself.
  [[ ! $results =~ ^gs://"$bucket"/*$ ]] ||
    refuse "--results is in the watched bucket: give it a prefix, such as gs://$bucket/labels."
  [[ $results =~ ^gs://$bucket_name(/$object_name)?/?$ ]] ||
    refuse "--results wants gs://BUCKET/PREFIX, not $results."
  [[ -z $failed || $failed =~ ^gs://$bucket_name(/$object_name)?/?$ ]] ||
    refuse "--failed wants gs://BUCKET/PREFIX, not $failed."
  [[ $include$exclude != *'|'* ]] || refuse "--include and --exclude cannot hold |."
}

check_account() { # what gcloud knows already, before anything is changed
  command -v gcloud >/dev/null || fail "gcloud is not installed: https://cloud.google.com/sdk/docs/install."
  gcloud auth print-access-token >/dev/null 2>&1 || fail "gcloud is not logged in: gcloud auth login."
  project_number=$(gcloud projects describe "$project" '--format=value(projectNumber)') ||
    fail "There is no project $project, or you may not see it."
  [[ $command == http ]] || check_buckets
}

check_buckets() {
  local location place access
  location=$(describe_bucket "$bucket" location) || fail "There is no bucket $bucket, or you may not see it."
  location=$(lower "$location")
  [[ $location == "${trigger_location:-$region}" ]] ||
    fail "The bucket $bucket is in $location: say --trigger-location $location, where its events are."
  for place in "$results" ${failed:+"$failed"}; do
    place=${place#gs://} place=${place%%/*}
    access=$(describe_bucket "$place" uniform_bucket_level_access) ||
      fail "There is no bucket $place, or you may not see it."
    [[ $access == True ]] || fail "The bucket $place needs uniform bucket-level access:" \
      "gcloud storage buckets update gs://$place --uniform-bucket-level-access."
  done
}

describe_bucket() { # BUCKET FIELD
  gcloud storage buckets describe "gs://$1" "--format=value($2)"
}

stage_files() {
  stage=$(mktemp -d "${TMPDIR:-/tmp}/classifier.XXXXXX")
  trap 'rm -rf "$stage" ${environment:+"$environment"}' EXIT
  cp "$here/main.py" "$here/requirements.txt" "$stage"
  cp -R "$here/predictor" "$here/service" "$stage"
  find "$stage/predictor" "$stage/service" \( -name __pycache__ -o -name '.*' \) -prune \
    -exec rm -rf {} +
  rm "$stage/predictor/__main__.py" # the command line
  # A quarter of the description is indentation, which only people need.
  sed 's/^ *//' "$here/service/http/openapi.json" >"$stage/service/http/openapi.json"
  [[ $model == gs://* ]] || cp "$model" "$stage/model.onnx"
  chmod -R a+rX "$stage"/* # the archive keeps the modes; the function may run as anybody
  say "Collected $(find "$stage" -type f | wc -l | tr -d ' ') files, $(du -sh "$stage" | cut -f 1)."
}

read_settings() {
  # THREADS is what functions-framework serves at a time; below --concurrency, requests would queue unseen.
  settings=("THREADS=$concurrency" "MODEL=$model")
  [[ $model == gs://* ]] || settings[1]=MODEL=model.onnx
  [[ -z $max_bytes ]] || settings+=("MAX_BYTES=$max_bytes")
  settings+=("MAX_PIXELS=$max_pixels" ${extra[@]+"${extra[@]}"})
  upload_settings=("RESULTS=$results" "BUCKET=$bucket" "TIMEOUT_SECONDS=$timeout" "MAX_EVENT_AGE=$max_event_age")
  [[ -z $failed ]] || upload_settings+=("FAILED=$failed")
  [[ -z $include ]] || upload_settings+=("INCLUDE=$include")
  [[ -z $exclude ]] || upload_settings+=("EXCLUDE=$exclude")
  [[ $annotate != 1 ]] || upload_settings+=(ANNOTATE=1)
}

try_files() {
  local python=${PYTHON-} targets=(classify)
  [[ -n $python ]] || make_environment
  [[ $command == http ]] || targets+=(classify_upload)
  env "${settings[@]}" "${upload_settings[@]}" "$python" -B "$here/deploy_check.py" "$stage" "${targets[@]}" >&2 ||
    fail "The collected files do not work with $python; nothing was sent."
}

make_environment() { # what the function will have: its Python, where it is here, and requirements.txt alone
  local base=python3 version=${runtime#python}
  version=python${version:0:1}.${version:1}
  ! "$version" -c '' 2>/dev/null || base=$version
  environment=$(mktemp -d "${TMPDIR:-/tmp}/environment.XXXXXX")
  say "Installing requirements.txt into a new environment of $base, to try the files in."
  "$base" -m venv "$environment" || fail "$base cannot make a virtual environment."
  python=$environment/bin/python
  "$python" -m pip install --disable-pip-version-check --quiet --requirement "$stage/requirements.txt" ||
    fail "requirements.txt cannot be installed; nothing was sent."
}

run() { # a command that changes something
  local text
  if $dry_run; then
    printf -v text '%q ' "$@"
    echo "${text% }"
  else
    "$@"
  fi
}

exists() { # a dry run, which asks for nothing, shows how all is made
  ! $dry_run && "$@" >/dev/null 2>&1
}

answer() { # PLACEHOLDER COMMAND...: what a command answers; a dry run shows the placeholder
  if $dry_run; then echo "$1"; else "${@:2}"; fi
}

make_account() { # ID: an identity that may do nothing yet
  local email=$1@$project.iam.gserviceaccount.com
  exists gcloud iam service-accounts describe "$email" "--project=$project" ||
    run gcloud iam service-accounts create "$1" "--project=$project" --display-name="Image classifier $1"
}

grant() { # KIND... RESOURCE -- MEMBER ROLE [FLAG...]: a new identity is not known everywhere at once
  local words=() pause
  while [[ $1 != -- ]]; do words+=("$1") && shift; done
  for pause in 5 10 20 0; do
    run gcloud "${words[@]}" "--member=serviceAccount:$2" "--role=$3" "${@:4}" >"$quiet" && return
    ((pause == 0)) || sleep "$pause"
  done
  fail "$3 could not be granted to $2."
}

grant_on_bucket() { # gs://BUCKET[/PREFIX] MEMBER ROLE: below the prefix, if there is one, and nowhere else
  local place=${1#gs://} condition=None
  place=${place%/}
  [[ $place != */* ]] ||
    condition="^|^title=below-prefix|expression=resource.name.startsWith(\"projects/_/buckets/${place%%/*}/objects/${place#*/}/\")"
  grant storage buckets add-iam-policy-binding "gs://${place%%/*}" -- "$2" "$3" "--condition=$condition"
}

grant_model() { # MEMBER
  [[ $model != gs://* ]] || grant_on_bucket "${model%"/${model#gs://*/}"}" "$1" roles/storage.objectViewer
}

deploy() { # NAME ENTRY_POINT IDENTITY FLAG...
  local IFS='|' # joins the settings; gcloud's own comma may stand in the name of an object
  run gcloud functions deploy "$1" --gen2 "--project=$project" "--region=$region" "--runtime=$runtime" \
    "--source=$stage" "--entry-point=$2" "--service-account=$3" "--memory=$memory" "--cpu=$cpu" \
    "--concurrency=$concurrency" "--min-instances=$min_instances" "--max-instances=$max_instances" \
    "--set-env-vars=^|^${settings[*]}" "${@:4}"
}

deploy_http() {
  local account=$service_account
  if [[ -z $account ]]; then
    make_account "$name"
    account=$name@$project.iam.gserviceaccount.com
  fi
  grant_model "$account"
  deploy "$name" classify "$account" --trigger-http "$access" --timeout=60s
}

deploy_upload() {
  local account=$upload_service_account role=roles/storage.objectViewer
  if [[ -z $account ]]; then
    make_account "$upload_name"
    account=$upload_name@$project.iam.gserviceaccount.com
  fi
  [[ $annotate != 1 ]] || role=roles/storage.objectUser
  grant_model "$account"
  grant_on_bucket "gs://$bucket" "$account" "$role"
  grant_on_bucket "$results" "$account" roles/storage.objectUser
  [[ -z $failed ]] || grant_on_bucket "$failed" "$account" roles/storage.objectUser
  grant projects add-iam-policy-binding "$project" -- "$account" roles/eventarc.eventReceiver --condition=None
  grant projects add-iam-policy-binding "$project" -- \
    "service-$project_number@gs-project-accounts.iam.gserviceaccount.com" roles/pubsub.publisher --condition=None
  settings+=("${upload_settings[@]}")
  # Without --retry an event is dropped when its first delivery fails. The trigger lives where the bucket does.
  deploy "$upload_name" classify_upload "$account" \
    --trigger-event-filters=type=google.cloud.storage.object.v1.finalized \
    "--trigger-event-filters=bucket=$bucket" "--trigger-location=${trigger_location:-$region}" \
    "--trigger-service-account=$account" --retry "--timeout=${timeout}s"
  grant run services add-iam-policy-binding "$upload_name" "--project=$project" "--region=$region" -- \
    "$account" roles/run.invoker
  keep_dead_letters
}

keep_dead_letters() { # what the platform gives up is kept for seven days, where somebody can pull it
  local topic=$upload_name-dead-letters agent=service-$project_number@gcp-sa-pubsub.iam.gserviceaccount.com
  local trigger subscription in_project=--project=$project
  exists gcloud pubsub topics describe "$topic" "$in_project" || run gcloud pubsub topics create "$topic" "$in_project"
  exists gcloud pubsub subscriptions describe "$topic" "$in_project" ||
    run gcloud pubsub subscriptions create "$topic" "$in_project" "--topic=$topic" --expiration-period=never \
      --message-retention-duration=7d
  trigger=$(answer TRIGGER gcloud functions describe "$upload_name" --gen2 "$in_project" "--region=$region" \
    '--format=value(eventTrigger.trigger)')
  subscription=$(answer SUBSCRIPTION gcloud eventarc triggers describe "$trigger" "$in_project" \
    "--location=${trigger_location:-$region}" '--format=value(transport.pubsub.subscription)')
  grant pubsub topics add-iam-policy-binding "$topic" "$in_project" -- "$agent" roles/pubsub.publisher
  grant pubsub subscriptions add-iam-policy-binding "$subscription" "$in_project" -- "$agent" roles/pubsub.subscriber
  run gcloud pubsub subscriptions update "$subscription" "$in_project" "--dead-letter-topic=$topic" \
    "--dead-letter-topic-project=$project" "--max-delivery-attempts=$max_delivery_attempts"
}

read_arguments "$@"
check_arguments
project_number=PROJECT_NUMBER quiet=/dev/stdout environment=''
if ! $dry_run; then
  check_account
  quiet=/dev/null # gcloud shows the whole policy after each change
fi
stage_files
read_settings
try_files
[[ $command == upload ]] || deploy_http
[[ $command == http ]] || deploy_upload
if $dry_run; then
  trap - EXIT
  [[ -z $environment ]] || rm -rf "$environment"
  say "Nothing was sent. The files stay in $stage for you to look at."
  [[ $command == http ]] || say "PROJECT_NUMBER, TRIGGER and SUBSCRIPTION stand for what gcloud would answer."
fi
