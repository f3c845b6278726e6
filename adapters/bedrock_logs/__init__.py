"""Bedrock's invocation logs, in files or in S3, as records of calls."""
