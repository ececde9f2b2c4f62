"""Training: data sets from collections, training of models, evaluation of search methods."""
