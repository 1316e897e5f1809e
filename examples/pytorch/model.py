"""A small residual network for images of 3 x 32 x 32 values and ten classes."""

import json
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional

CHANNELS, HEIGHT, WIDTH, CLASSES = 3, 32, 32, 10
SHAPE = (CHANNELS, HEIGHT, WIDTH)
VALUES = CHANNELS * HEIGHT * WIDTH


class Block(nn.Module):
    """Two 3x3 convolutions and a way round them (He et al., CVPR 2016)."""

    def __init__(self, before, after, stride):
        super().__init__()
        self.first = nn.Conv2d(before, after, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(after)
        self.second = nn.Conv2d(after, after, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(after)
        is_same = before == after and stride == 1
        self.around = (
            nn.Identity()
            if is_same
            else nn.Sequential(nn.Conv2d(before, after, 1, stride, bias=False), nn.BatchNorm2d(after))
        )

    def forward(self, images):
        inner = functional.relu(self.first_norm(self.first(images)))
        return functional.relu(self.second_norm(self.second(inner)) + self.around(images))


class Classifier(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.begin = nn.Sequential(
            nn.Conv2d(CHANNELS, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.blocks = nn.Sequential(
            Block(width, width, 1), Block(width, 2 * width, 2), Block(2 * width, 4 * width, 2)
        )
        self.end = nn.Linear(4 * width, CLASSES)

    def forward(self, images):
        return self.end(self.blocks(self.begin(images)).mean(dim=(2, 3)))


def device():
    """The MIG instance that CUDA_VISIBLE_DEVICES names is the only GPU there is; or the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def load_version(directory, on):
    model = Classifier()
    # Weights only: a version directory is data, and unpickling anything else would run it.
    weights = torch.load(Path(directory) / "weights.pt", map_location="cpu", weights_only=True)
    model.load_state_dict(weights)
    return model.to(on)


def save_version(directory, model, facts):
    """Into a directory that is not there yet."""
    directory = Path(directory)
    directory.mkdir(parents=True)
    weights = {name: value.cpu() for name, value in model.state_dict().items()}
    torch.save(weights, directory / "weights.pt")
    (directory / "facts.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")


def flat(values):
    """The numbers of a JSON tensor, flat or nested, in row-major order."""
    if not isinstance(values, list):
        return [values]
    if not any(isinstance(value, list) for value in values):
        return values
    return [number for value in values for number in flat(value)]


def images_in(inputs):
    """The request's one input as a tensor of n images; ValueError says what is wrong with it."""
    if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
        raise ValueError("There is one input, called images")
    shape, data = inputs[0].get("shape"), inputs[0].get("data")
    if inputs[0].get("name") != "images" or inputs[0].get("datatype") != "FP32":
        raise ValueError("There is one input, called images, of FP32")
    is_shape = isinstance(shape, list) and all(type(size) is int for size in shape)
    if not is_shape or len(shape) != 4 or shape[0] < 1 or tuple(shape[1:]) != SHAPE:
        raise ValueError(f"images has shape [n, {CHANNELS}, {HEIGHT}, {WIDTH}], not {shape}")
    numbers = flat(data)
    if len(numbers) != shape[0] * VALUES:
        raise ValueError(f"Shape {shape} holds {shape[0] * VALUES} values, not {len(numbers)}")
    if not all(type(number) in (int, float) for number in numbers):
        raise ValueError("images holds numbers")
    return torch.tensor(numbers, dtype=torch.float32).reshape(shape)
