package io.fewshot.stream;

import io.fewshot.ladder.Answer;
import io.fewshot.ladder.Answerer;
import io.fewshot.ladder.Message;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;

/** Answers by a function; what `climbs` says must climb is left to the second step. */
record FunctionAnswerer(
    Function<List<Message>, List<Answer>> answers,
    Predicate<Message> climbs,
    Function<Message, Optional<Answer>> fallbacks)
    implements Answerer {

  FunctionAnswerer(Function<List<Message>, List<Answer>> answers) {
    this(answers, message -> false, message -> Optional.empty());
  }

  private record Tried(Message message, Optional<Answer> settled, Optional<Answer> fallback)
      implements Attempt {}

  @Override
  public List<Attempt> attempt(List<Message> batch) {
    List<Message> cheap = batch.stream().filter(climbs.negate()).toList();
    List<Answer> found = cheap.isEmpty() ? List.of() : answers.apply(cheap);
    return batch.stream()
        .<Attempt>map(
            message ->
                new Tried(
                    message,
                    climbs.test(message)
                        ? Optional.empty()
                        : Optional.of(found.get(cheap.indexOf(message))),
                    fallbacks.apply(message)))
        .toList();
  }

  @Override
  public List<Answer> finish(List<Attempt> open) {
    return answers.apply(open.stream().map(attempt -> ((Tried) attempt).message()).toList());
  }
}
