#!/usr/bin/env bash
# Puts the classifier on Google Cloud; ./deploy.sh --help explains how.
set -euo pipefail

usage() {
  cat <<'HELP'
Usage: ./deploy.sh http|upload|both --project P --region R --model MODEL [options]

  http    an HTTP function that answers with the labels of the image it is sent
  upload  a function that labels every image uploaded to --bucket and writes to --results
  both    the two of them, from the same files

The HTTP function is called NAME, the upload function NAME-upload. What is about to be sent is first
collected in a temporary folder and tried there; nothing is sent when it cannot classify a picture.

  --project P              the Google Cloud project
  --region R               the region of the functions, such as europe-west1
  --model MODEL            a model.onnx to send along, or gs://BUCKET/OBJECT to read at the first request
  --bucket B               upload: the bucket to watch
  --results gs://B/PREFIX  upload: where the labels go; what lies under it is never classified
  --trigger-location L     upload: the location of the watched bucket, when it is not R (such as eu)
  --name NAME              default: classify
  --runtime RUNTIME        default: python313
  --memory SIZE            default: 2Gi
  --cpu N                  default: 1
  --concurrency N          requests at a time in one instance; default: 2
  --max-instances N        default: 10
  --max-bytes N            the largest file that is classified
  --max-pixels N           the largest picture that is classified, width times height; default: 36000000
  --service-account EMAIL  the identity that the functions run as
  --allow-unauthenticated  http: anybody may call it; without this flag callers need permission
  --dry-run                collect and try the files, print the gcloud commands, send nothing
  --help                   show this text

PYTHON=... names the Python that tries the files; default: .venv/bin/python here, else python3.
HELP
}

command='' project='' region='' model='' bucket='' results='' trigger_location=''
name=classify
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
max_bytes='' service_account=''
access=--no-allow-unauthenticated
dry_run=false
bucket_name='[a-z0-9][a-z0-9._-]+'
object_name='[^|[:cntrl:]]+' # | separates the settings in gcloud's arguments

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
      --project | --region | --model | --bucket | --results | --trigger-location | --name | --runtime | \
        --memory | --cpu | --concurrency | --max-instances | --max-bytes | --max-pixels | --service-account)
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
  printf -v "${variable//-/_}" '%s' "$2"
}

check_arguments() {
  [[ -n $command ]] || refuse "Say what to deploy: http, upload or both."
  [[ -n $project ]] || refuse "--project is missing."
  [[ -n $region ]] || refuse "--region is missing."
  [[ -n $model ]] || refuse "--model is missing."
  check_model
  local option variable
  for option in --concurrency --max-instances --max-bytes --max-pixels; do
    variable=${option#--} variable=${variable//-/_}
    [[ -z ${!variable} || ${!variable} =~ ^[1-9][0-9]*$ ]] || refuse "$option wants a whole number, not ${!variable}."
  done
  if [[ $command == http ]]; then
    [[ -z $bucket$results$trigger_location ]] ||
      refuse "--bucket, --results and --trigger-location belong to upload and both."
  else
    check_upload_arguments
  fi
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
}

stage_files() {
  stage=$(mktemp -d "${TMPDIR:-/tmp}/classifier.XXXXXX")
  trap 'rm -rf "$stage"' EXIT
  cp "$here/main.py" "$here/requirements.txt" "$stage"
  cp -R "$here/predictor" "$here/service" "$stage"
  find "$stage/predictor" "$stage/service" \( -name __pycache__ -o -name '.*' \) -prune \
    -exec rm -rf {} +
  [[ $model == gs://* ]] || cp "$model" "$stage/model.onnx"
  chmod -R a+rX "$stage"/* # the archive keeps the modes; the function may run as anybody
  say "Collected $(find "$stage" -type f | wc -l | tr -d ' ') files, $(du -sh "$stage" | cut -f 1)."
}

read_settings() {
  # THREADS is what functions-framework serves at a time; below --concurrency, requests would queue unseen.
  settings=("THREADS=$concurrency")
  if [[ $model == gs://* ]]; then settings+=("MODEL=$model"); else settings+=(MODEL=model.onnx); fi
  [[ -z $max_bytes ]] || settings+=("MAX_BYTES=$max_bytes")
  [[ -z $max_pixels ]] || settings+=("MAX_PIXELS=$max_pixels")
}

try_files() {
  local python=python3
  [[ ! -x $here/.venv/bin/python ]] || python=$here/.venv/bin/python
  python=${PYTHON:-$python}
  env "${settings[@]}" "RESULTS=$results" "$python" -B - "$stage" "$command" "$model" <<'PYTHON' ||
import io, os, sys

stage, command, model = sys.argv[1:]
os.chdir(stage)
sys.path[0] = stage

import functions_framework
from PIL import Image

picture = io.BytesIO()
Image.effect_noise((8, 8), 64).convert("RGB").save(picture, "PNG")
client = functions_framework.create_app("classify", "main.py").test_client()
if model.startswith("gs://"):
    print("Not tried: the model is not here, so no picture was classified.", file=sys.stderr)
else:
    answer = client.post("/", data=picture.getvalue(), content_type="image/png")
    if answer.status_code != 200 or not (answer.get_json(silent=True) or {}).get("predictions"):
        sys.exit(f"classify answered {answer.status_code}: {answer.get_data(as_text=True).strip()}")
if command != "http":
    client = functions_framework.create_app("classify_upload", "main.py", "cloudevent").test_client()
    event = {"ce-id": "1", "ce-specversion": "1.0", "ce-source": "deploy.sh", "ce-type": "trial"}
    answer = client.post("/", json={}, headers=event)
    if answer.status_code != 200:
        sys.exit(f"classify_upload answered {answer.status_code}: {answer.get_data(as_text=True).strip()}")
PYTHON
    fail "The collected files do not work with $python; nothing was sent."
}

deploy() { # NAME ENTRY_POINT FLAG...
  local IFS='|' # joins the settings; gcloud's own comma may stand in the name of an object
  local text line=(gcloud functions deploy "$1" --gen2 "--project=$project" "--region=$region" "--runtime=$runtime"
    "--source=$stage" "--entry-point=$2" "--memory=$memory" "--cpu=$cpu" "--concurrency=$concurrency"
    "--max-instances=$max_instances" "--set-env-vars=^|^${settings[*]}" "${@:3}")
  [[ -z $service_account ]] || line+=("--service-account=$service_account")
  if $dry_run; then
    printf -v text '%q ' "${line[@]}"
    echo "${text% }"
  else
    "${line[@]}"
  fi
}

deploy_http() {
  deploy "$name" classify --trigger-http "$access" --timeout=60s
}

deploy_upload() {
  settings+=("RESULTS=$results")
  # Without --retry an event is dropped when its first delivery fails. The trigger lives where the bucket does.
  # 240 s: three storage calls that are each tried for up to a minute, and the picture.
  deploy "$name-upload" classify_upload \
    --trigger-event-filters=type=google.cloud.storage.object.v1.finalized \
    "--trigger-event-filters=bucket=$bucket" "--trigger-location=${trigger_location:-$region}" \
    --retry --timeout=240s
}

read_arguments "$@"
check_arguments
$dry_run || command -v gcloud >/dev/null || fail "gcloud is not installed: https://cloud.google.com/sdk/docs/install."
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
stage_files
read_settings
try_files
[[ $command == upload ]] || deploy_http
[[ $command == http ]] || deploy_upload
if $dry_run; then
  trap - EXIT
  say "Nothing was sent. The files stay in $stage for you to look at."
fi
