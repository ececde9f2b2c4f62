"""From collections to models: data sets, training, evaluation."""
