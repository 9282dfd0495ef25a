variable "region" {
  description = "Where everything is kept; practices' law may ask for their own country."
  type        = string
}

variable "name" {
  description = "Of the service; part of every name below."
  type        = string
  default     = "pms-sync"
}

variable "environment" {
  description = "Such as production or staging, another in each region; part of every name below."
  type        = string
  default     = "production"
}

variable "app_base_url" {
  description = "APP_BASE_URL: the public https address."
  type        = string

  validation {
    condition     = startswith(var.app_base_url, "https://")
    error_message = "Write the public https:// address."
  }
}

variable "secrets_prefix" {
  description = "SECRETS_PREFIX: what the service names practices' secrets with."
  type        = string
  default     = "parlae/pms"
}

variable "role_names" {
  description = "IAM roles the processes run under (of ECS tasks, or of Kubernetes service accounts)."
  type        = set(string)
  default     = []
}

variable "starting_role_names" {
  description = "IAM roles that put the six keys into the environment before a process starts."
  type        = set(string)
  default     = []
}

variable "anchor_years" {
  description = "For how long heads of audit chains cannot be deleted by anybody."
  type        = number
  default     = 6

  validation {
    condition     = var.anchor_years >= 6
    error_message = "HIPAA asks for six years at least."
  }
}

variable "services" {
  description = "Which others this system works with: sikka (its marketplace), vapi (callers), twilio (texts)."
  type        = set(string)
  default     = []

  validation {
    condition     = length(setsubtract(var.services, ["sikka", "vapi", "twilio"])) == 0
    error_message = "Name sikka, vapi or twilio, each of which asks for its values below."
  }
}

variable "values_version" {
  description = "Raise it when a value below has changed: a write-only value is written then."
  type        = number
  default     = 1
}

# Values: given by TF_VAR_<name> or a .tfvars file that is never committed, and kept in no state.

variable "database_url" {
  description = "DATABASE_URL, with sslmode=verify-full."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "redis_url" {
  description = "REDIS_URL, which starts with rediss://."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "encryption_key" {
  description = "ENCRYPTION_KEY: openssl rand -hex 32. Keep a copy elsewhere; without it data is lost."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "jwt_secret" {
  description = "JWT_SECRET: at least 32 random characters."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "audit_key" {
  description = "AUDIT_KEY: openssl rand -hex 32, before the first start. Keep a copy elsewhere."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "metrics_token" {
  description = "METRICS_TOKEN: what Prometheus sends, at least 32 random characters."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "sikka_app_id" {
  description = "SIKKA_APP_ID of your application at Sikka."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = contains(var.services, "sikka") == (var.sikka_app_id != null && var.sikka_app_id != "")
    error_message = "SIKKA_APP_ID is given where services names sikka, and only there."
  }
}

variable "sikka_app_key" {
  description = "SIKKA_APP_KEY of your application at Sikka."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = contains(var.services, "sikka") == (var.sikka_app_key != null && var.sikka_app_key != "")
    error_message = "SIKKA_APP_KEY is given where services names sikka, and only there."
  }
}

variable "vapi_api_key" {
  description = "VAPI_API_KEY, for pushing tools."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = contains(var.services, "vapi") == (var.vapi_api_key != null && var.vapi_api_key != "")
    error_message = "VAPI_API_KEY is given where services names vapi, and only there."
  }
}

variable "vapi_webhook_secret" {
  description = "VAPI_WEBHOOK_SECRET, which proves a message of Vapi."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = contains(var.services, "vapi") == (var.vapi_webhook_secret != null && var.vapi_webhook_secret != "")
    error_message = "VAPI_WEBHOOK_SECRET is given where services names vapi, and only there."
  }
}

variable "twilio_account_sid" {
  description = "TWILIO_ACCOUNT_SID."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = contains(var.services, "twilio") == (var.twilio_account_sid != null && var.twilio_account_sid != "")
    error_message = "TWILIO_ACCOUNT_SID is given where services names twilio, and only there."
  }
}

variable "twilio_auth_token" {
  description = "TWILIO_AUTH_TOKEN."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = contains(var.services, "twilio") == (var.twilio_auth_token != null && var.twilio_auth_token != "")
    error_message = "TWILIO_AUTH_TOKEN is given where services names twilio, and only there."
  }
}

variable "twilio_messaging_service_sid" {
  description = "TWILIO_MESSAGING_SERVICE_SID."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = contains(var.services, "twilio") == (var.twilio_messaging_service_sid != null && var.twilio_messaging_service_sid != "")
    error_message = "TWILIO_MESSAGING_SERVICE_SID is given where services names twilio, and only there."
  }
}
