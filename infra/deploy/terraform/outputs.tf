# Variables of the service: the plain ones as they are, the six keys by where they are kept.
output "service_variables" {
  description = "For the environment of every process."
  value = {
    PMS_SYNC_PROFILE = "production"
    SECRETS_BACKEND  = "aws"
    SECRETS_PREFIX   = var.secrets_prefix
    AWS_REGION       = var.region
    AWS_SSM_PREFIX   = local.parameter_path
    AUDIT_ANCHOR     = "s3://${aws_s3_bucket.anchor.bucket}/heads"
    LOG_FORMAT       = "json"
  }
}

output "service_secrets" {
  description = "Names of variables, and the secret each is filled from before a process starts."
  value       = { for name, secret in aws_secretsmanager_secret.key : name => secret.arn }
}

output "policies" {
  description = "For roles that are made elsewhere."
  value = {
    service = aws_iam_policy.service.arn
    start   = aws_iam_policy.start.arn
  }
}
