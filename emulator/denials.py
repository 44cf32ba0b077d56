"""Denials of Cloud Storage: the sentences that users of it report, each with its status and reason."""

from emulator.messages import Operation

ACCOUNT = "classify-upload@my-project.iam.gserviceaccount.com"

PERMISSIONS: dict[Operation, str] = {
    "read_media": "objects.get",
    "read_metadata": "objects.get",
    "write": "objects.create",
    "upload_session": "objects.create",
    "patch": "objects.update",
    "delete": "objects.delete",
    "copy": "objects.create",
    "list": "objects.list",
    "bucket": "buckets.get",
}
"""The permission that each call needs, below `storage.`."""


def denial(operation: Operation | None) -> str:
    """The sentence for an account that lacks the permission for a call."""
    permission = f"storage.{PERMISSIONS[operation or 'read_media']}"
    kind = "bucket" if operation in ("list", "bucket") else "object"
    return (
        f"{ACCOUNT} does not have {permission} access to the Google Cloud Storage {kind}."
        f" Permission '{permission}' denied on resource (or it may not exist)."
    )


DENIALS: dict[str, tuple[int, str, str]] = {
    "key": (
        403,
        "Permission denied on Cloud KMS key. Please ensure that your Cloud Storage service account has been authorized"
        " to use this key.",
        "forbidden",
    ),
    "perimeter": (
        403,
        "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: eYhDkfYCu-dOCjuj8X4Am9",
        "forbidden",
    ),
    "billing": (
        403,
        "The billing account for the owning project is disabled in state absent",
        "accountDisabled",
    ),
    "requester pays": (
        400,
        "Bucket is requester pays bucket but no user project provided.",
        "required",
    ),
    "payer": (
        403,
        f"{ACCOUNT} does not have serviceusage.services.use access to the Google Cloud project.",
        "forbidden",
    ),
}
"""Refusals that no role on the bucket changes: status, message and reason, as a `Status` takes them."""
