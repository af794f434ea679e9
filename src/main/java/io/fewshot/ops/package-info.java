/** What running it needs: configuration, metrics, health. */
@NullMarked
package io.fewshot.ops;

import org.jspecify.annotations.NullMarked;
