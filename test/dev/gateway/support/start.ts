import {
  type Gateway,
  type GatewayOptions,
  startGateway,
} from '../../../../dev/gateway/start-gateway.ts';

export interface TestGateway extends Gateway {
  lines: string[];
  entries: Record<string, unknown>[];
}

/** A gateway that keeps its log lines and access log entries for the test. */
export async function start(options: GatewayOptions): Promise<TestGateway> {
  const lines: string[] = [];
  const entries: Record<string, unknown>[] = [];
  const gateway = await startGateway({
    log: (line) => lines.push(line),
    accessLog: (entry) => entries.push(entry),
    environment: {},
    ...options,
  });
  return { ...gateway, lines, entries };
}
