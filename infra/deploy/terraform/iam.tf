# What the processes may call: exactly what the code calls, on what is theirs.
data "aws_iam_policy_document" "service" {
  statement {
    sid = "SecretsOfPractices"
    actions = [
      "secretsmanager:CreateSecret",
      "secretsmanager:DeleteSecret",
      "secretsmanager:GetSecretValue",
      "secretsmanager:PutSecretValue",
      "secretsmanager:RestoreSecret",
    ]
    resources = [
      "arn:aws:secretsmanager:${var.region}:${data.aws_caller_identity.here.account_id}:secret:${var.secrets_prefix}/*",
    ]
  }

  statement {
    sid     = "SettingsOfTheService"
    actions = ["ssm:GetParametersByPath"]
    resources = [
      "arn:aws:ssm:${var.region}:${data.aws_caller_identity.here.account_id}:parameter${local.parameter_path}",
      "arn:aws:ssm:${var.region}:${data.aws_caller_identity.here.account_id}:parameter${local.parameter_path}/*",
    ]
  }

  statement {
    sid       = "KeyOfTheSettings"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.settings.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["ssm.${var.region}.amazonaws.com"]
    }
  }

  statement {
    sid       = "HeadsOfTheAudit"
    actions   = ["s3:PutObject", "s3:PutObjectRetention"]
    resources = ["${aws_s3_bucket.anchor.arn}/heads/*"]
  }

  statement {
    sid       = "NamesOfTheHeads"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.anchor.arn]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["heads/*"]
    }
  }
}

resource "aws_iam_policy" "service" {
  name   = "${var.name}-${var.environment}-service"
  policy = data.aws_iam_policy_document.service.json
}

resource "aws_iam_role_policy_attachment" "service" {
  for_each = var.role_names

  role       = each.key
  policy_arn = aws_iam_policy.service.arn
}

# Whoever starts the processes reads the six keys, and nothing else.
data "aws_iam_policy_document" "start" {
  statement {
    sid       = "KeysOfTheService"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [for secret in aws_secretsmanager_secret.key : secret.arn]
  }

  statement {
    sid       = "KeyOfTheKeys"
    actions   = ["kms:Decrypt"]
    resources = [aws_kms_key.settings.arn]

    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["secretsmanager.${var.region}.amazonaws.com"]
    }
  }
}

resource "aws_iam_policy" "start" {
  name   = "${var.name}-${var.environment}-start"
  policy = data.aws_iam_policy_document.start.json
}

resource "aws_iam_role_policy_attachment" "start" {
  for_each = var.starting_role_names

  role       = each.key
  policy_arn = aws_iam_policy.start.arn
}
