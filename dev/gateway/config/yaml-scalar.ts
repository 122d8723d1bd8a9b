const BOOLEANS: Record<string, boolean> = {
  true: true,
  yes: true,
  on: true,
  false: false,
  no: false,
  off: false,
};

/**
 * What an unquoted scalar means to Kong, whose YAML reader follows YAML 1.1: `yes` and `on` are
 * booleans, `0777` is octal, `1:30` is sexagesimal; a date stays a string.
 */
export function plainScalar(source: string): null | boolean | number | string {
  if (/^(?:|~|null|Null|NULL)$/.test(source)) return null;
  if (/^(?:[a-z]+|[A-Z][a-z]+|[A-Z]+)$/.test(source)) {
    const boolean = BOOLEANS[source.toLowerCase()];
    if (boolean !== undefined) return boolean;
  }
  return number(source) ?? source;
}

function number(source: string): number | undefined {
  const [, sign = '', rest = ''] = /^([+-]?)(.*)$/s.exec(source) ?? [];
  const signed = (magnitude: number) => (sign === '-' ? -magnitude : magnitude);
  const digits = rest.replaceAll('_', '');
  if (/^0_*[0-7][0-7_]*$/.test(rest)) return signed(Number.parseInt(digits, 8));
  if (/^_*[0-9][0-9_]*$/.test(rest)) return signed(Number(digits));
  if (/^(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?$/.test(rest)) {
    if (/[.eE]/.test(rest)) return signed(Number(digits));
  }
  if (/^\.(?:inf|Inf|INF)$/.test(rest)) return signed(Number.POSITIVE_INFINITY);
  if (/^\.(?:nan|NaN|NAN)$/.test(source)) return Number.NaN;
  if (/^0x_*[0-9a-fA-F][0-9a-fA-F_]*$/.test(rest)) return signed(Number(digits));
  if (/^0b_*[01][01_]+$/.test(rest)) return signed(Number(digits));
  if (/^[0-9]+:[0-5]?[0-9][:0-9]*(?:\.[0-9]+)?$/.test(rest)) {
    return signed(rest.split(':').reduce((total, part) => total * 60 + Number(part), 0));
  }
  return undefined;
}
