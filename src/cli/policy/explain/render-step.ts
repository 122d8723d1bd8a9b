import type { Step } from '../../../policy/cel/describe-steps.ts';
import { shorten } from '../../../policy/cel/format-value.ts';

const INDENT = '  ';

/** Draws an evaluation as a tree: a line for each sub-expression, and what came of it. */
export function renderStep(step: Step, indent: string): string {
  const line = `${indent}${shorten(step.text)}  ${renderResult(step)}\n`;
  const inner = indent + INDENT;
  const parts = step.parts.map((part) => renderStep(part, inner)).join('');
  return line + parts + renderTurns(step, inner);
}

function renderResult({ value, error, decides }: Step): string {
  const mark = decides ? '  <- decides' : '';
  if (error !== null) return `-> error: ${error}${mark}`;
  return value === null ? '(not evaluated)' : `-> ${value}${mark}`;
}

function renderTurns({ turns, turns_left_out }: Step, indent: string): string {
  return turns
    .map(({ variable, element, decides, parts }, index) => {
      const gap = index === turns.length - 1 && turns_left_out > 0;
      const skipped = gap ? `${indent}… ${turns_left_out} more\n` : '';
      const head = `${indent}${variable} = ${element}${decides ? '  <- decides' : ''}\n`;
      return skipped + head + parts.map((part) => renderStep(part, indent + INDENT)).join('');
    })
    .join('');
}
