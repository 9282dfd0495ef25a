# One key of our own seals what Terraform puts in. Practices' secrets, which the service makes
# itself, are sealed under the account's own key for Secrets Manager (aws/secretsmanager).
resource "aws_kms_key" "settings" {
  description             = "Settings of ${var.name} in ${var.environment}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
}

resource "aws_kms_alias" "settings" {
  name          = "alias/${var.name}-${var.environment}"
  target_key_id = aws_kms_key.settings.key_id
}
