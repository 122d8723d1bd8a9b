import { Malfunction } from '../../core/malfunction.ts';
import { children } from './children.ts';
import { type ASTNode, parseExpression } from './library.ts';

/** What an expression says, read off its text. */
export interface Survey {
  /** What must all hold, each in one spelling: two conditions are the same where these are. */
  readonly conditions: ReadonlySet<string>;
  /** The roles it asks for; null where that depends on the request, or it reads all. */
  readonly roles: ReadonlySet<string> | null;
  /** Literals that `request.path` is compared with: by `==`, `in` and `startsWith`. */
  readonly paths: ReadonlySet<string>;
}

/** @param text a condition that `compileExpression` takes */
export function surveyExpression(text: string): Survey {
  const parsed = parseExpression(text);
  if ('message' in parsed) throw new Malfunction('an expression that does not parse was surveyed');
  const roles = new Set<string>();
  const paths = new Set<string>();
  let anyRole = false;
  const visit = (node: ASTNode) => {
    if (spell(node) === ROLES) anyRole = true;
    if (node.op === 'call' && node.args[0] === 'has_role') {
      const role = literalText(node.args[1][0]);
      if (role === null) anyRole = true;
      else roles.add(role);
    }
    for (const path of comparedPaths(node)) paths.add(path);
    children(node).forEach(visit);
  };
  visit(parsed.ast);
  return {
    conditions: new Set(conjuncts(parsed.ast).map(spell)),
    roles: anyRole ? null : roles,
    paths,
  };
}

function conjuncts(node: ASTNode): ASTNode[] {
  return node.op === '&&' ? node.args.flatMap(conjuncts) : [node];
}

const SYMMETRIC: ReadonlySet<string> = new Set(['&&', '||', '==', '!=']);

/** One spelling for all that differ in white space, parentheses, the order of operands or the way to select a field. */
function spell(node: ASTNode): string {
  switch (node.op) {
    case 'value':
      return JSON.stringify([typeof node.args, String(node.args)]);
    case 'id':
      return JSON.stringify(['id', node.args]);
    case '.':
      return JSON.stringify(['select', spell(node.args[0]), node.args[1]]);
    case '[]': {
      const key = literalText(node.args[1]);
      return JSON.stringify(['select', spell(node.args[0]), key ?? [spell(node.args[1])]]);
    }
    case 'call':
    case 'rcall':
      return JSON.stringify([node.op, node.args[0], ...children(node).map(spell)]);
    default: {
      const operands = operandsOf(node).map(spell);
      if (SYMMETRIC.has(node.op)) operands.sort();
      return JSON.stringify([node.op, ...operands]);
    }
  }
}

function operandsOf(node: ASTNode): readonly ASTNode[] {
  if (node.op !== '&&' && node.op !== '||') return children(node);
  return node.args.flatMap((operand) => (operand.op === node.op ? operandsOf(operand) : [operand]));
}

const PATH = spelledField('request', 'path');
const ROLES = spelledField('identity', 'roles');

function spelledField(record: string, field: string): string {
  return JSON.stringify(['select', JSON.stringify(['id', record]), field]);
}

function comparedPaths(node: ASTNode): string[] {
  if (node.op === 'rcall' && node.args[0] === 'startsWith' && spell(node.args[1]) === PATH) {
    return texts(node.args[2]);
  }
  if (node.op === '==') {
    const [left, right] = node.args;
    if (spell(left) === PATH) return texts([right]);
    return spell(right) === PATH ? texts([left]) : [];
  }
  if (node.op !== 'in' || spell(node.args[0]) !== PATH) return [];
  const [, list] = node.args;
  return list.op === 'list' ? texts(list.args) : [];
}

function texts(nodes: readonly ASTNode[]): string[] {
  return nodes.flatMap((node) => literalText(node) ?? []);
}

function literalText(node: ASTNode | undefined): string | null {
  return node?.op === 'value' && typeof node.args === 'string' ? node.args : null;
}
