import { printOutcome } from './print-outcome.ts';
import { type Scene, tellStep } from './run-story.ts';
import { STEPS } from './steps.ts';

/**
 * Tells the whole story and prints each step as it happens.
 *
 * @returns how many steps went otherwise than expected
 */
export async function tellStory(scene: Scene): Promise<number> {
  let failed = 0;
  for (const [index, step] of STEPS.entries()) {
    const outcome = await tellStep(scene, step);
    console.log(printOutcome(outcome, index + 1));
    if (outcome.differences.length > 0) failed += 1;
  }
  console.log(`\n${STEPS.length - failed} as expected, ${failed} not.`);
  return failed;
}
