# The handler under the Functions host, for those who run containers; Azure runs the zip of `just package`.
# Not built where this repository is checked: there is no Docker there. What is checked is said in
# docs/deploy.md.
FROM rust:1.95-bookworm AS build
# the newest of Debian's stable releases will do: they change nothing but defects
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends musl-tools python3 unzip \
    && rm -rf /var/lib/apt/lists/* \
    && rustup target add x86_64-unknown-linux-musl
WORKDIR /source
COPY . .
RUN python3 infra/package && unzip -q target/package/bronzegate.zip -d /app

FROM mcr.microsoft.com/azure-functions/dotnet:4
ENV AzureWebJobsScriptRoot=/home/site/wwwroot \
    AzureFunctionsJobHost__Logging__Console__IsEnabled=true \
    FUNCTIONS_WORKER_RUNTIME=custom
COPY --from=build /app /home/site/wwwroot
