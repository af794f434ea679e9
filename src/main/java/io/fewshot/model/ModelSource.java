package io.fewshot.model;

import java.io.IOException;
import java.nio.file.Path;

/** A place that a model's file can be had from. */
interface ModelSource {

  /** For messages. */
  String name();

  /**
   * Brings the file, unverified, to {@code partial}. What lies there from an earlier try is
   * continued or replaced; after a failure what can be continued stays.
   *
   * @throws IOException when the source cannot give it; the message says why in one line
   */
  void fetch(ModelCatalogue.Entry entry, Path partial, ProgressListener listener)
      throws IOException, InterruptedException;
}
