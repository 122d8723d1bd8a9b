/**
 * Asks each question once, however many want to know.
 *
 * @param keyOf tells two questions apart
 */
export function memoize<Question, Answer>(
  keyOf: (question: Question) => string,
  ask: (question: Question) => Promise<Answer>,
): (question: Question) => Promise<Answer> {
  const asked = new Map<string, Promise<Answer>>();
  return (question) => {
    const key = keyOf(question);
    const known = asked.get(key) ?? ask(question);
    asked.set(key, known);
    return known;
  };
}
