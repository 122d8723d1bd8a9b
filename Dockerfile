# syntax=docker/dockerfile:1
# Two images from one file:
#   docker build .               the official Kong with Node and the three plugins
#   docker build --target dev .  the stand-ins and the story, for development and test only

FROM node:24-bookworm-slim AS dev
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build
# Shared with Kong's container by docker-compose.yml; whoever runs in either may write here.
RUN mkdir -m 1777 /story
USER node

FROM node:24-bookworm-slim AS production-modules
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM kong:3.9
USER root
# What the official Node binary links against, beside the C library.
RUN apt-get update \
  && apt-get install -y --no-install-recommends libstdc++6 libatomic1 \
  && rm -rf /var/lib/apt/lists/*
COPY --from=production-modules /usr/local/bin/node /usr/local/bin/node
RUN node --version && mkdir -m 1777 /story
WORKDIR /opt/kong-cloud-run-auth
COPY --from=production-modules /app/node_modules node_modules
COPY --from=dev /app/dist dist
COPY docker/start-plugin-server bin/start-plugin-server
WORKDIR /
USER kong

# One plugin server, three entries: Kong 3.9 uses only the first plugin that an entry's query_cmd prints.
ENV KONG_PLUGINS=bundled,oidc-authorizer,policy-evaluator,cloud-run-token \
    KONG_PLUGINSERVER_NAMES=oidc-authorizer,policy-evaluator,cloud-run-token \
    KONG_PLUGINSERVER_OIDC_AUTHORIZER_START_CMD=/opt/kong-cloud-run-auth/bin/start-plugin-server \
    KONG_PLUGINSERVER_OIDC_AUTHORIZER_QUERY_CMD="cat /opt/kong-cloud-run-auth/dist/plugin-info/oidc-authorizer.json" \
    KONG_PLUGINSERVER_OIDC_AUTHORIZER_SOCKET=/usr/local/kong/cloud-run-auth.sock \
    KONG_PLUGINSERVER_POLICY_EVALUATOR_QUERY_CMD="cat /opt/kong-cloud-run-auth/dist/plugin-info/policy-evaluator.json" \
    KONG_PLUGINSERVER_POLICY_EVALUATOR_SOCKET=/usr/local/kong/cloud-run-auth.sock \
    KONG_PLUGINSERVER_CLOUD_RUN_TOKEN_QUERY_CMD="cat /opt/kong-cloud-run-auth/dist/plugin-info/cloud-run-token.json" \
    KONG_PLUGINSERVER_CLOUD_RUN_TOKEN_SOCKET=/usr/local/kong/cloud-run-auth.sock
# nginx hides the environment from what it starts, but for the variables named here.
ENV KONG_NGINX_MAIN_ENV="PLUGIN_SERVER_STDERR; env GOOGLE_APPLICATION_CREDENTIALS; env GCE_METADATA_HOST; env NODE_OPTIONS; env NODE_EXTRA_CA_CERTS; env HTTPS_PROXY; env NO_PROXY"
