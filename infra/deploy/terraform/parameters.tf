# Credentials of the whole system: the service reads them below AWS_SSM_PREFIX when it starts. Of the
# services that var.services does not name there are none.
locals {
  parameter_path = "/${var.name}/${var.environment}"
}

resource "aws_ssm_parameter" "app_base_url" {
  name  = "${local.parameter_path}/APP_BASE_URL"
  type  = "String"
  value = var.app_base_url
}

resource "aws_ssm_parameter" "sikka_app_id" {
  count = contains(var.services, "sikka") ? 1 : 0

  name             = "${local.parameter_path}/SIKKA_APP_ID"
  type             = "SecureString"
  key_id           = aws_kms_key.settings.arn
  value_wo         = var.sikka_app_id
  value_wo_version = var.values_version
}

resource "aws_ssm_parameter" "sikka_app_key" {
  count = contains(var.services, "sikka") ? 1 : 0

  name             = "${local.parameter_path}/SIKKA_APP_KEY"
  type             = "SecureString"
  key_id           = aws_kms_key.settings.arn
  value_wo         = var.sikka_app_key
  value_wo_version = var.values_version
}

resource "aws_ssm_parameter" "vapi_api_key" {
  count = contains(var.services, "vapi") ? 1 : 0

  name             = "${local.parameter_path}/VAPI_API_KEY"
  type             = "SecureString"
  key_id           = aws_kms_key.settings.arn
  value_wo         = var.vapi_api_key
  value_wo_version = var.values_version
}

resource "aws_ssm_parameter" "vapi_webhook_secret" {
  count = contains(var.services, "vapi") ? 1 : 0

  name             = "${local.parameter_path}/VAPI_WEBHOOK_SECRET"
  type             = "SecureString"
  key_id           = aws_kms_key.settings.arn
  value_wo         = var.vapi_webhook_secret
  value_wo_version = var.values_version
}

resource "aws_ssm_parameter" "twilio_account_sid" {
  count = contains(var.services, "twilio") ? 1 : 0

  name             = "${local.parameter_path}/TWILIO_ACCOUNT_SID"
  type             = "SecureString"
  key_id           = aws_kms_key.settings.arn
  value_wo         = var.twilio_account_sid
  value_wo_version = var.values_version
}

resource "aws_ssm_parameter" "twilio_auth_token" {
  count = contains(var.services, "twilio") ? 1 : 0

  name             = "${local.parameter_path}/TWILIO_AUTH_TOKEN"
  type             = "SecureString"
  key_id           = aws_kms_key.settings.arn
  value_wo         = var.twilio_auth_token
  value_wo_version = var.values_version
}

resource "aws_ssm_parameter" "twilio_messaging_service_sid" {
  count = contains(var.services, "twilio") ? 1 : 0

  name             = "${local.parameter_path}/TWILIO_MESSAGING_SERVICE_SID"
  type             = "SecureString"
  key_id           = aws_kms_key.settings.arn
  value_wo         = var.twilio_messaging_service_sid
  value_wo_version = var.values_version
}
