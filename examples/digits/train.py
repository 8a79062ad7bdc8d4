"""Train a small network on scikit-learn's handwritten digits, and let Dotscience record it.

    ds run -p digits -u examples/digits -- python train.py --rate 0.01 --hidden 32

The data set comes with scikit-learn, so nothing is downloaded.
"""

import argparse
import csv
import json

import dotscience as ds
from sklearn.datasets import load_digits
from sklearn.metrics import confusion_matrix, log_loss
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier


def read_split(path):
    """How to split the data: a file of the workspace, so that its version is recorded with the run."""
    with open(ds.input(path)) as file:
        return json.load(file)


def train(x, y, rate, hidden, epochs):
    """Train epoch by epoch, with a live point for each."""
    model = MLPClassifier(hidden_layer_sizes=(hidden,), learning_rate_init=rate, random_state=0)
    for epoch in range(epochs):
        model.partial_fit(x, y, classes=range(10))
        ds.log(step=epoch, loss=log_loss(y, model.predict_proba(x)), accuracy=model.score(x, y))
    return model


def main():
    """Train with the settings of the command line and publish one run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rate", type=float, default=0.01)
    parser.add_argument("--hidden", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=20)
    options = parser.parse_args()

    ds.start()
    ds.add_parameters(rate=options.rate, hidden=options.hidden, epochs=options.epochs)
    x, y = load_digits(return_X_y=True)
    x_train, x_test, y_train, y_test = train_test_split(x / 16, y, **read_split("split.json"))
    model = train(x_train, y_train, options.rate, options.hidden, options.epochs)

    accuracy = ds.metric("accuracy", model.score(x_test, y_test))
    with open(ds.output("confusion.csv"), "w", newline="") as file:
        csv.writer(file).writerows(confusion_matrix(y_test, model.predict(x_test)).tolist())
    ds.publish(f"{options.hidden} units, learning rate {options.rate}")
    print(f"accuracy {accuracy:.3f}")


if __name__ == "__main__":
    main()
