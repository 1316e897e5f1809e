"""
A retraining worker: trains MIGRATOR_MODEL_DIR further on the labelled requests in
MIGRATOR_DATA_DIR, and writes a new version into MIGRATOR_OUTPUT_DIR.

Standard output is one JSON object a line; everything else goes to standard error. SIGTERM: write a
checkpoint after the step under way, end with 0. Started again, it goes on from there.

NOT YET RUN ON A GPU. See README.md.
"""

import json
import signal
import sys
import time
import uuid
from pathlib import Path

import torch
from torch.nn import functional

from contract import labelled_requests, variable, write_whole
from model import CLASSES, device, flat, images_in, load_version, save_version

# By MIGRATOR_CONFIGURATION: what the site file lists under `configurations`.
CONFIGURATIONS = {
    "full": {"epochs": 15, "rate": 0.02},
    "short": {"epochs": 3, "rate": 0.02},
}
BATCH = 64
REPORT_SECONDS = 1.0

stop = {"asked": False}


def read_data(directory):
    """Images and labels, oldest first; requests that are none of this model's are left out."""
    images, labels = [], []
    for inputs, label in labelled_requests(directory):
        try:
            own = images_in(inputs)
            classes = flat(label)
            is_label = all(type(value) is int and 0 <= value < CLASSES for value in classes)
            if not is_label or len(classes) != len(own):
                raise ValueError(f"labels {label} for {len(own)} images")
        except ValueError as error:
            print(f"left out: {error}", file=sys.stderr)
            continue
        images.append(own)
        labels.extend(classes)
    if not images:
        sys.exit("There are no labelled requests to learn from")
    return torch.cat(images), torch.tensor(labels)


class Training:
    """Everything that changes while training, and nothing else: this is the checkpoint."""

    def __init__(self, model, configuration, count):
        self.model = model
        self.epochs = configuration["epochs"]
        self.steps = (count + BATCH - 1) // BATCH
        self.optimiser = torch.optim.SGD(
            model.parameters(), lr=configuration["rate"], momentum=0.9, weight_decay=5e-4
        )
        self.epoch, self.step = 0, 0

    def fraction(self):
        return (self.epoch + self.step / self.steps) / self.epochs

    def save(self, path):
        state = {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "epoch": self.epoch,
            "step": self.step,
            "steps": self.steps,
        }
        write_whole(path, lambda fresh: torch.save(state, fresh))

    def restore(self, path, on):
        """Goes on from a checkpoint of the same data; starts anew from one of other data."""
        # Its own file: nobody else writes into the checkpoint directory.
        state = torch.load(path, map_location=on, weights_only=False)
        if state["steps"] != self.steps:
            print("the checkpoint is of other data: starting anew", file=sys.stderr)
            return
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.epoch, self.step = state["epoch"], state["step"]


def order_of(epoch, count):
    """The same for an epoch before and after an interruption."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(epoch))


def train(training, images, labels, on):
    """Until it is done or told to stop; true when it is done."""
    began, from_fraction, reported = time.monotonic(), training.fraction(), 0.0
    scaler = torch.cuda.amp.GradScaler(enabled=on.type == "cuda")
    loss_sum, correct, seen = 0.0, 0, 0

    def report():
        fraction = training.fraction()
        done, took = fraction - from_fraction, time.monotonic() - began
        line = {"epoch": training.epoch, "fraction": fraction}
        line["loss"] = loss_sum / seen if seen > 0 else None
        line["accuracy"] = correct / seen if seen > 0 else None
        line["secondsLeft"] = took * (1 - fraction) / done if done > 0 else None
        print(json.dumps(line), flush=True)

    report()
    training.model.train()
    while training.epoch < training.epochs:
        order = order_of(training.epoch, len(labels))
        while training.step < training.steps:
            if stop["asked"]:
                return False
            rows = order[training.step * BATCH : (training.step + 1) * BATCH]
            batch, truth = images[rows].to(on), labels[rows].to(on)
            with torch.autocast(on.type, enabled=on.type == "cuda"):
                logits = training.model(batch)
                loss = functional.cross_entropy(logits, truth)
            training.optimiser.zero_grad(set_to_none=True)
            scaler.scale(loss).backward()
            scaler.step(training.optimiser)
            scaler.update()
            training.step += 1
            loss_sum += float(loss) * len(rows)
            correct += int((logits.argmax(dim=1) == truth).sum())
            seen += len(rows)
            if time.monotonic() - reported > REPORT_SECONDS:
                reported = time.monotonic()
                report()
        training.epoch, training.step = training.epoch + 1, 0
        report()
        loss_sum, correct, seen = 0.0, 0, 0
    return True


def main():
    signal.signal(signal.SIGTERM, lambda *_: stop.update(asked=True))
    name = variable("MIGRATOR_CONFIGURATION")
    if name not in CONFIGURATIONS:
        sys.exit(f"There is no configuration {name}, only {', '.join(CONFIGURATIONS)}")
    configuration = CONFIGURATIONS[name]
    on = device()
    images, labels = read_data(variable("MIGRATOR_DATA_DIR"))
    model = load_version(variable("MIGRATOR_MODEL_DIR"), on)
    training = Training(model, configuration, len(labels))
    checkpoint = Path(variable("MIGRATOR_CHECKPOINT_DIR")) / "checkpoint.pt"
    if checkpoint.exists():
        training.restore(checkpoint, on)
    if not train(training, images, labels, on):
        training.save(checkpoint)
        return
    version = f"{name}-{uuid.uuid4().hex[:12]}"
    facts = {"configuration": name, "images": len(labels), "epochs": configuration["epochs"]}
    directory = Path(variable("MIGRATOR_OUTPUT_DIR")) / version
    write_whole(directory, lambda fresh: save_version(fresh, training.model, facts))
    print(json.dumps({"done": True, "version": version}), flush=True)
    checkpoint.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
