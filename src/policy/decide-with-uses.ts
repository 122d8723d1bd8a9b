import { decide, type Question, type Verdict } from './decide.ts';
import type { GrantUses } from './grant-uses.ts';
import type { Grant, Policy } from './policy.ts';

/** How many grants may turn out to be used up before all that can be are left out. */
const MAX_ROUNDS = 8;

/**
 * Decides, and takes a use of each grant with `max_uses` that an allow rests on. A grant that is used up counts as
 * expired. The use is taken before the request goes on: it may be lost, and is never given twice.
 *
 * @throws SharedStateUnavailable where the uses cannot be counted
 */
export function decideWithUses(
  policy: Policy,
  question: Question,
  uses: GrantUses,
): Verdict | Promise<Verdict> {
  const verdict = decide(policy, question);
  return neededUses(verdict).length === 0 ? verdict : takeUses(policy, question, uses, verdict);
}

async function takeUses(
  policy: Policy,
  question: Question,
  uses: GrantUses,
  first: Verdict,
): Promise<Verdict> {
  const taken = new Set<string>();
  const exhausted = new Set<string>();
  let verdict = first;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const lacking = await takeEach(neededUses(verdict), uses, taken);
    if (lacking === undefined) return verdict;
    exhausted.add(lacking.name);
    verdict = decide(policy, question, exhausted);
  }
  const limited = policy.grants.filter(({ max_uses }) => max_uses !== null);
  return decide(policy, question, new Set(limited.map(({ name }) => name)));
}

function neededUses(verdict: Verdict): readonly Grant[] {
  return verdict.outcome === 'allow' ? (verdict.uses ?? []) : [];
}

/** @returns the first grant that is used up */
async function takeEach(
  grants: readonly Grant[],
  uses: GrantUses,
  taken: Set<string>,
): Promise<Grant | undefined> {
  for (const grant of grants) {
    if (taken.has(grant.name)) continue;
    if (!(await uses.take(grant))) return grant;
    taken.add(grant.name);
  }
  return undefined;
}
