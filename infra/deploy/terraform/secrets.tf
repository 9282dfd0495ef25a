# What protects everything else: six secrets, put into the environment before a process starts.
# Practices' credentials are not here: the service makes those itself, below var.secrets_prefix.
locals {
  key_names = toset([
    "DATABASE_URL", "REDIS_URL", "ENCRYPTION_KEY", "JWT_SECRET", "AUDIT_KEY", "METRICS_TOKEN",
  ])
}

resource "aws_secretsmanager_secret" "key" {
  for_each = local.key_names

  name                    = "${var.name}/${var.environment}/${each.key}"
  description             = "${each.key} of ${var.name}"
  kms_key_id              = aws_kms_key.settings.arn
  recovery_window_in_days = 30
}

resource "aws_secretsmanager_secret_version" "database_url" {
  secret_id                = aws_secretsmanager_secret.key["DATABASE_URL"].id
  secret_string_wo         = var.database_url
  secret_string_wo_version = var.values_version
}

resource "aws_secretsmanager_secret_version" "redis_url" {
  secret_id                = aws_secretsmanager_secret.key["REDIS_URL"].id
  secret_string_wo         = var.redis_url
  secret_string_wo_version = var.values_version
}

resource "aws_secretsmanager_secret_version" "encryption_key" {
  secret_id                = aws_secretsmanager_secret.key["ENCRYPTION_KEY"].id
  secret_string_wo         = var.encryption_key
  secret_string_wo_version = var.values_version
}

resource "aws_secretsmanager_secret_version" "jwt_secret" {
  secret_id                = aws_secretsmanager_secret.key["JWT_SECRET"].id
  secret_string_wo         = var.jwt_secret
  secret_string_wo_version = var.values_version
}

resource "aws_secretsmanager_secret_version" "audit_key" {
  secret_id                = aws_secretsmanager_secret.key["AUDIT_KEY"].id
  secret_string_wo         = var.audit_key
  secret_string_wo_version = var.values_version
}

resource "aws_secretsmanager_secret_version" "metrics_token" {
  secret_id                = aws_secretsmanager_secret.key["METRICS_TOKEN"].id
  secret_string_wo         = var.metrics_token
  secret_string_wo_version = var.values_version
}
