package io.fewshot.stream;

import io.fewshot.event.Query;
import io.fewshot.ladder.Answer;
import io.fewshot.prompt.TaskDefinition;

/** A query with its answer, to be routed. */
record AnsweredQuery(RawRecord raw, Query query, TaskDefinition task, Answer answer) {}
