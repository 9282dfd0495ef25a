# Write-only arguments keep every secret out of the state; they need these versions.
terraform {
  required_version = ">= 1.11"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 6.0, < 7.0"
    }
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      service     = var.name
      environment = var.environment
    }
  }
}

data "aws_caller_identity" "here" {}
