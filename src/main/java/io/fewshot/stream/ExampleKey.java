package io.fewshot.stream;

/** The key of the example topics: `task/example_id`; a task's name has no slash, an id may have. */
record ExampleKey(String task, String exampleId) {

  static ExampleKey of(String key) {
    int slash = key.indexOf('/');
    return slash < 0
        ? new ExampleKey("", key)
        : new ExampleKey(key.substring(0, slash), key.substring(slash + 1));
  }
}
