/** Topics, their Avro records and the schema registry's client. */
@NullMarked
package io.fewshot.event;

import org.jspecify.annotations.NullMarked;
