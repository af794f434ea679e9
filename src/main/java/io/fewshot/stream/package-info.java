/**
 * The Kafka Streams applications: answering and learning, each one class that reads like its
 * diagram, and their small processors.
 */
@NullMarked
package io.fewshot.stream;

import org.jspecify.annotations.NullMarked;
