# Heads of the audit chains, which nobody can take back before their time: AUDIT_ANCHOR.
resource "aws_s3_bucket" "anchor" {
  bucket              = "${var.name}-${var.environment}-audit-${data.aws_caller_identity.here.account_id}"
  object_lock_enabled = true
}

resource "aws_s3_bucket_versioning" "anchor" {
  bucket = aws_s3_bucket.anchor.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_object_lock_configuration" "anchor" {
  bucket     = aws_s3_bucket.anchor.id
  depends_on = [aws_s3_bucket_versioning.anchor]

  rule {
    default_retention {
      mode  = "COMPLIANCE"
      years = var.anchor_years
    }
  }
}

resource "aws_s3_bucket_public_access_block" "anchor" {
  bucket                  = aws_s3_bucket.anchor.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

data "aws_iam_policy_document" "anchor_bucket" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:PutObject", "s3:GetObject", "s3:ListBucket"]
    resources = [aws_s3_bucket.anchor.arn, "${aws_s3_bucket.anchor.arn}/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "anchor" {
  bucket = aws_s3_bucket.anchor.id
  policy = data.aws_iam_policy_document.anchor_bucket.json
}
