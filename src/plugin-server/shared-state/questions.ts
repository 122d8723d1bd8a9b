import { SharedStateUnavailable } from '../../core/shared-state.ts';
import type { WorkerMessage } from '../messages.ts';

/** The way to the primary process. */
export interface PrimaryChannel {
  readonly isOpen: boolean;
  tell(message: WorkerMessage): void;
}

type Question = Extract<WorkerMessage, { type: 'claim' | 'publish' }>;
type Unnumbered<Message> = Message extends unknown ? Omit<Message, 'request'> : never;

const ANSWER_WITHIN_MS = 2_000;
/** Beyond, the primary process is not asked: it does not keep up, and messages would pile up on the way to it. */
const MOST_UNANSWERED = 10_000;

/** What the primary process was asked and has not answered. */
export class Questions {
  readonly #primary: PrimaryChannel;
  readonly #most: number;
  /** Those that were given up too, because they may still wait in the channel. */
  readonly #unanswered = new Map<number, (answer: unknown) => void>();
  #lastRequest = 0;

  constructor(primary: PrimaryChannel, most = MOST_UNANSWERED) {
    this.#primary = primary;
    this.#most = most;
  }

  /**
   * @returns what {@link answer} is given for it
   * @throws SharedStateUnavailable where no answer comes in time
   */
  async ask<Answer>(question: Unnumbered<Question>): Promise<Answer> {
    if (!this.#primary.isOpen) throw new SharedStateUnavailable('the primary process is gone');
    if (this.#unanswered.size >= this.#most) {
      throw new SharedStateUnavailable('the primary process has too many questions to answer');
    }
    this.#lastRequest += 1;
    const request = this.#lastRequest;
    return await new Promise<Answer>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new SharedStateUnavailable(`no answer within ${ANSWER_WITHIN_MS} ms`));
      }, ANSWER_WITHIN_MS);
      this.#unanswered.set(request, (answer) => {
        clearTimeout(timer);
        resolve(answer as Answer);
      });
      this.#primary.tell({ ...question, request });
    });
  }

  answer(request: number, answer: unknown): void {
    this.#unanswered.get(request)?.(answer);
    this.#unanswered.delete(request);
  }
}
