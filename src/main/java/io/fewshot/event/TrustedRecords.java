package io.fewshot.event;

import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.avro.generic.GenericContainer;
import org.apache.avro.util.ClassSecurityValidator;

/**
 * Tells Avro that it may make our records. Since 1.12.1 Avro refuses to load any class that a
 * schema names unless it was told to trust it, and it keeps one list for the whole process.
 */
final class TrustedRecords {

  private static final String PACKAGE = TrustedRecords.class.getPackageName();
  private static final AtomicBoolean DONE = new AtomicBoolean();

  private TrustedRecords() {}

  /** Adds our records to what Avro trusts already; can be repeated. */
  static void trust() {
    if (DONE.compareAndSet(false, true)) {
      ClassSecurityValidator.setGlobal(
          ClassSecurityValidator.composite(
              ClassSecurityValidator.getGlobal(), TrustedRecords::isOurs));
    }
  }

  private static boolean isOurs(Class<?> type) {
    return (type.getPackageName().equals(PACKAGE)
            || type.getPackageName().equals(PACKAGE + ".internal"))
        && GenericContainer.class.isAssignableFrom(type);
  }
}
