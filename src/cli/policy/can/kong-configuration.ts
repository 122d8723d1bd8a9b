import { z } from 'zod';

/** A reference to another entity, by its name. */
const reference = z.union([z.string(), z.looseObject({ name: z.string().optional() })]);

const plugin = z.looseObject({
  name: z.string(),
  enabled: z.boolean().default(true),
  config: z.record(z.string(), z.unknown()).nullable().default(null),
  route: reference.nullish(),
  service: reference.nullish(),
  consumer: reference.nullish(),
  consumer_group: reference.nullish(),
});

const texts = z.array(z.string()).nullish();
const plugins = z.array(plugin).nullish();

const route = z.looseObject({
  name: z.string().nullish(),
  paths: texts,
  methods: texts,
  hosts: texts,
  service: reference.nullish(),
  plugins,
});

const service = z.looseObject({
  name: z.string().nullish(),
  url: z.string().nullish(),
  host: z.string().nullish(),
  routes: z.array(route).nullish(),
  plugins,
});

/** What `policy can` takes of Kong's declarative configuration; there is far more. */
export const configuration = z.looseObject({
  services: z.array(service).nullish(),
  routes: z.array(route).nullish(),
  plugins,
});

/** What it takes of the config of policy-evaluator. */
export const evaluatorConfig = z.looseObject({
  policy_file: z.string().nullish(),
  labels: z.record(z.string(), z.string()).nullish(),
  allow_anonymous: z.boolean().nullish(),
  mode: z.string().nullish(),
  context: z.unknown().optional(),
});

export type Plugin = z.output<typeof plugin>;
export type Route = z.output<typeof route>;
export type Service = z.output<typeof service>;

export type Reference = z.output<typeof reference>;
