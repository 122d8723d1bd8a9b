import {
  type CelInput,
  type CelResult,
  isCelError,
  isCelList,
  isCelMap,
  isCelType,
  isCelUint,
  run,
} from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import { canonical, ofList, ofMap } from './canonical.ts';
import type { Outcome } from './evaluate-freely.ts';

/** Evaluates an expression with another implementation of CEL, which does not check types beforehand. */
export function evaluateElsewhere(text: string, variables: Record<string, CelInput>): Outcome {
  const result = run(text, variables, { funcs: strings });
  return isCelError(result) ? { error: result.message } : { value: spell(result) };
}

function spell(value: CelResult): string {
  if (isCelList(value)) return ofList([...value].map(spell));
  if (isCelMap(value)) return ofMap([...value.entries()].map(([k, v]) => [spell(k), spell(v)]));
  if (isCelType(value)) return `type ${value.name}`;
  return isCelUint(value) ? `uint ${value.value}` : canonical(value);
}
