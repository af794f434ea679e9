package io.fewshot.model;

/** Told how a download goes on. */
public interface ProgressListener {

  /** Hears nothing. */
  ProgressListener NONE = (what, done, total) -> {};

  /**
   * @param what is being fetched and from where
   * @param done bytes so far; of a download that counts otherwise, an estimate
   * @param total bytes in all
   */
  void progress(String what, long done, long total);
}
