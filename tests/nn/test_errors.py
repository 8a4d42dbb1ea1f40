# ruff: noqa: E501 - one bad input a line is what makes the tables readable
"""What bad input gets: torch's exception and phrase, and the value, place, limit and module."""

from __future__ import annotations

import warnings

import pytest

import penlight

try:
    import torch
except ImportError:
    torch = None

needs_oracle = pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")

# Module, arguments of the call, torch's exception, its phrase, and what penlight says beyond it.
CALLS = [
    (
        "nn.Embedding(10, 3)",
        "torch.tensor([[0, 1], [2, 10]])",
        IndexError,
        "index out of range in self",
        "embedding got index 10 at position (1, 1) of its input, but the table has 10 rows, so indices run from 0 to 9",
    ),
    (
        "nn.Embedding(10, 3)",
        "torch.tensor([-1])",
        IndexError,
        "index out of range in self",
        "embedding got index -1 at position (0,) of its input, but the table has 10 rows, so indices run from 0 to 9",
    ),
    (
        "nn.Embedding(10, 3)",
        "torch.tensor(12)",
        IndexError,
        "index out of range in self",
        "embedding got index 12, but the table has 10 rows, so indices run from 0 to 9",
    ),
    (
        "nn.Embedding(10, 3)",
        "torch.tensor([1.0])",
        RuntimeError,
        "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got torch.FloatTensor instead (while checking arguments for embedding)",
        "convert the indices with .long()",
    ),
    (
        "nn.Embedding(10, 3)",
        "torch.tensor([1], dtype=torch.int16)",
        RuntimeError,
        "Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got torch.ShortTensor instead (while checking arguments for embedding)",
        "convert the indices with .long()",
    ),
    (
        "nn.Embedding(10, 3)",
        "[1]",
        TypeError,
        "embedding(): argument 'indices' (position 2) must be Tensor, not list",
        "",
    ),
    (
        "nn.NLLLoss()",
        "torch.zeros(2, 5), torch.tensor([0, 5])",
        IndexError,
        "Target 5 is out of bounds",
        "it is at position (1,) of the target, but the input has 5 classes, so targets run from 0 to 4 (ignore_index is -100)",
    ),
    (
        "nn.NLLLoss()",
        "torch.zeros(2, 5), torch.tensor([-1, 0])",
        IndexError,
        "Target -1 is out of bounds",
        "it is at position (0,) of the target, but the input has 5 classes, so targets run from 0 to 4 (ignore_index is -100)",
    ),
    (
        "nn.NLLLoss()",
        "torch.zeros(2, 5), torch.tensor([0.0, 1.0])",
        RuntimeError,
        "expected target dtype to be Long or Byte, but got Float",
        "class indices are int64, so write target.long(); class probabilities have the shape of the input (cross_entropy)",
    ),
    (
        "nn.NLLLoss()",
        "torch.zeros(2, 5), torch.tensor([0, 1], dtype=torch.int32)",
        RuntimeError,
        "expected target dtype to be Long or Byte, but got Int",
        "class indices are int64, so write target.long()",
    ),
    (
        "nn.NLLLoss()",
        "torch.zeros(2, 5), torch.tensor([[0], [1]])",
        RuntimeError,
        "0D or 1D target tensor expected, multi-target not supported",
        "got a target of shape [2, 1] for an input of shape [2, 5]; the target holds one class index for each row",
    ),
    (
        "nn.NLLLoss()",
        "torch.zeros(2, 5), torch.tensor([0, 1, 2])",
        ValueError,
        "Expected input batch_size (2) to match target batch_size (3)",
        "the input has shape [2, 5], the target [3]",
    ),
    (
        "nn.NLLLoss(weight=torch.ones(4))",
        "torch.zeros(2, 5), torch.tensor([0, 1])",
        RuntimeError,
        "weight tensor should be defined either for all 5 classes or no classes but got weight tensor of shape: [4]",
        "",
    ),
    (
        "nn.CrossEntropyLoss()",
        "torch.zeros(2, 5), torch.tensor([0, 7])",
        IndexError,
        "Target 7 is out of bounds",
        "it is at position (1,) of the target, but the input has 5 classes, so targets run from 0 to 4 (ignore_index is -100)",
    ),
    (
        "nn.CrossEntropyLoss()",
        "torch.zeros(2, 5, 3), torch.full((2, 3), 9)",
        IndexError,
        "Target 9 is out of bounds",
        "it is at position (0, 0, 0) of the target, but the input has 5 classes, so targets run from 0 to 4 (ignore_index is -100)",
    ),
    (
        "nn.CrossEntropyLoss(ignore_index=-1)",
        "torch.zeros(2, 5), torch.tensor([-1, -2])",
        IndexError,
        "Target -2 is out of bounds",
        "it is at position (1,) of the target, but the input has 5 classes, so targets run from 0 to 4 (ignore_index is -1)",
    ),
    (
        "nn.CrossEntropyLoss()",
        "torch.zeros(2, 5), torch.zeros(2, 5, dtype=torch.long)",
        RuntimeError,
        "Expected floating point type for target with class probabilities, got Long",
        "a target in the shape of the input is read as probabilities, class indices have its shape without the classes",
    ),
    (
        "nn.CrossEntropyLoss()",
        "torch.zeros(2, 5), torch.zeros(3, dtype=torch.long)",
        ValueError,
        "Expected input batch_size (2) to match target batch_size (3)",
        "the input has shape [2, 5], the target [3]",
    ),
    (
        "nn.CrossEntropyLoss()",
        "torch.zeros(2, 5, 3), torch.zeros(2, 4, dtype=torch.long)",
        RuntimeError,
        "Expected target size [2, 3], got [2, 4]",
        "dimension 1 of the input is the classes, the target has every other one",
    ),
    (
        "nn.CrossEntropyLoss()",
        "torch.zeros(2, 5, 3, 3), torch.zeros(2, 4, 3, dtype=torch.long)",
        RuntimeError,
        "size mismatch (got input: [2, 5, 3, 3] , target: [2, 4, 3]",
        "). Expected target size [2, 3, 3], got [2, 4, 3]",
    ),
    (
        "nn.CrossEntropyLoss(weight=torch.ones(4))",
        "torch.zeros(2, 5), torch.tensor([0, 1])",
        RuntimeError,
        "weight tensor should be defined either for all 5 classes or no classes but got weight tensor of shape: [4]",
        "",
    ),
    (
        "nn.CrossEntropyLoss(weight=torch.ones(5).double())",
        "torch.zeros(2, 5), torch.tensor([0, 1])",
        RuntimeError,
        "expected scalar type Float but found Double",
        "the class weights have another dtype than the input",
    ),
    (
        "nn.CrossEntropyLoss(weight=torch.ones(4))",
        "torch.zeros(2, 5), torch.zeros(2, 5)",
        RuntimeError,
        "cross_entropy: weight tensor should be defined either for all 5 classes or no classes but got weight tensor of shape: [4]",
        "",
    ),
    (
        "nn.CrossEntropyLoss(label_smoothing=1.5)",
        "torch.zeros(2, 5), torch.tensor([0, 1])",
        RuntimeError,
        "label_smoothing must be between 0.0 and 1.0. Got: 1.5",
        "",
    ),
    (
        "nn.GRU(3, 4)",
        "torch.zeros(2, 5, 7)",
        RuntimeError,
        "input.size(-1) must be equal to input_size. Expected 3, got 7",
        "the input has shape [2, 5, 7]; with batch_first=False, a batch is (sequence, batch, features)",
    ),
    (
        "nn.GRU(3, 4, batch_first=True)",
        "torch.zeros(2, 5, 7)",
        RuntimeError,
        "input.size(-1) must be equal to input_size. Expected 3, got 7",
        "the input has shape [2, 5, 7]; with batch_first=True, a batch is (batch, sequence, features)",
    ),
    (
        "nn.GRU(3, 4)",
        "torch.zeros(2)",
        ValueError,
        "GRU: Expected input to be 2D or 3D, got 1D instead",
        "the input has shape [2]; with batch_first=False, a batch is (sequence, batch, features), and one sequence alone (sequence, features)",
    ),
    (
        "nn.GRU(3, 4)",
        "torch.zeros(2, 5, 3), torch.zeros(1, 5, 9)",
        RuntimeError,
        "Expected hidden size (1, 5, 4), got [1, 5, 9]",
        "hidden states are (layers x directions, batch, hidden features); axis 2 (hidden features) is 9 instead of 4",
    ),
    (
        "nn.GRU(3, 4)",
        "torch.zeros(2, 5, 3), torch.zeros(1, 2, 4)",
        RuntimeError,
        "Expected hidden size (1, 5, 4), got [1, 2, 4]",
        "hidden states are (layers x directions, batch, hidden features); axis 1 (batch) is 2 instead of 5",
    ),
    (
        "nn.GRU(3, 4, batch_first=True)",
        "torch.zeros(2, 5, 3), torch.zeros(1, 5, 4)",
        RuntimeError,
        "Expected hidden size (1, 2, 4), got [1, 5, 4]",
        "hidden states are (layers x directions, batch, hidden features); axis 1 (batch) is 5 instead of 2",
    ),
    (
        "nn.GRU(3, 4, 2, bidirectional=True)",
        "torch.zeros(2, 5, 3), torch.zeros(2, 5, 4)",
        RuntimeError,
        "Expected hidden size (4, 5, 4), got [2, 5, 4]",
        "hidden states are (layers x directions, batch, hidden features); axis 0 (layers x directions) is 2 instead of 4",
    ),
    (
        "nn.GRU(3, 4)",
        "torch.zeros(2, 3), torch.zeros(1, 5, 4)",
        RuntimeError,
        "For unbatched 2-D input, hx should also be 2-D but got 3-D tensor",
        "the input has shape [2, 3] (with batch_first=False, a batch is (sequence, batch, features)), the hidden state [1, 5, 4]",
    ),
    (
        "nn.GRU(3, 4)",
        "torch.zeros(2, 5, 3), torch.zeros(1, 4)",
        RuntimeError,
        "For batched 3-D input, hx should also be 3-D but got 2-D tensor",
        "the input has shape [2, 5, 3] (with batch_first=False, a batch is (sequence, batch, features)), the hidden state [1, 4]",
    ),
    (
        "nn.GRU(3, 4)",
        "torch.zeros(2, 5, 3).double()",
        ValueError,
        "RNN input dtype (torch.float64) does not match weight dtype (torch.float32). Convert input: input.to(torch.float32), or convert model: model.to(torch.float64)",
        "",
    ),
    (
        "nn.GRU(3, 4)",
        "torch.zeros(2, 5, 3).long()",
        ValueError,
        "RNN input dtype (torch.int64) does not match weight dtype (torch.float32). Convert input: input.to(torch.float32), or convert model: model.to(torch.int64)",
        "",
    ),
    (
        "nn.GRU(3, 4)",
        "torch.zeros(2, 5, 3), torch.zeros(1, 5, 4).double()",
        RuntimeError,
        "mat1 and mat2 must have the same dtype, but got Double and Float",
        "input, hidden states and weights of a recurrent layer are all of one dtype",
    ),
    (
        "nn.LSTM(3, 4)",
        "torch.zeros(2, 5, 7)",
        RuntimeError,
        "input.size(-1) must be equal to input_size. Expected 3, got 7",
        "the input has shape [2, 5, 7]; with batch_first=False, a batch is (sequence, batch, features)",
    ),
    (
        "nn.LSTM(3, 4)",
        "torch.zeros(2, 5, 3), (torch.zeros(1, 5, 9), torch.zeros(1, 5, 4))",
        RuntimeError,
        "Expected hidden[0] size (1, 5, 4), got [1, 5, 9]",
        "hidden states are (layers x directions, batch, hidden features); axis 2 (hidden features) is 9 instead of 4",
    ),
    (
        "nn.LSTM(3, 4)",
        "torch.zeros(2, 5, 3), (torch.zeros(1, 5, 4), torch.zeros(1, 2, 4))",
        RuntimeError,
        "Expected hidden[1] size (1, 5, 4), got [1, 2, 4]",
        "hidden states are (layers x directions, batch, hidden features); axis 1 (batch) is 2 instead of 5",
    ),
    (
        "nn.LSTM(3, 4, proj_size=2)",
        "torch.zeros(2, 5, 3), (torch.zeros(1, 5, 4), torch.zeros(1, 5, 4))",
        RuntimeError,
        "Expected hidden[0] size (1, 5, 2), got [1, 5, 4]",
        "hidden states are (layers x directions, batch, hidden features); axis 2 (hidden features) is 4 instead of 2",
    ),
    (
        "nn.LSTM(3, 4)",
        "torch.zeros(2, 5, 3), torch.zeros(1, 5, 4)",
        IndexError,
        "index 1 is out of bounds for dimension 0 with size 1",
        "LSTM takes hx as a pair (h_0, c_0), got one tensor of shape [1, 5, 4]",
    ),
    (
        "nn.LSTM(3, 4)",
        "torch.zeros(2, 3), (torch.zeros(1, 5, 4), torch.zeros(1, 5, 4))",
        RuntimeError,
        "For unbatched 2-D input, hx and cx should also be 2-D but got (3-D, 3-D) tensors",
        "the input has shape [2, 3] (with batch_first=False, a batch is (sequence, batch, features)), the hidden state [1, 5, 4] and [1, 5, 4]",
    ),
    (
        "nn.RNN(3, 4)",
        "torch.zeros(2, 5, 7)",
        RuntimeError,
        "input.size(-1) must be equal to input_size. Expected 3, got 7",
        "the input has shape [2, 5, 7]; with batch_first=False, a batch is (sequence, batch, features)",
    ),
    (
        "nn.RNN(3, 4)",
        "torch.zeros(2, 5, 3), torch.zeros(1, 5, 9)",
        RuntimeError,
        "Expected hidden size (1, 5, 4), got [1, 5, 9]",
        "hidden states are (layers x directions, batch, hidden features); axis 2 (hidden features) is 9 instead of 4",
    ),
    (
        "nn.GRUCell(3, 4)",
        "torch.zeros(5, 7)",
        RuntimeError,
        "input has inconsistent input_size: got 7 expected 3",
        "(input has shape [5, 7])",
    ),
    (
        "nn.GRUCell(3, 4)",
        "torch.zeros(5, 3), torch.zeros(5, 9)",
        RuntimeError,
        "hidden0 has inconsistent hidden_size: got 9, expected 4",
        "(hidden0 has shape [5, 9])",
    ),
    (
        "nn.LSTMCell(3, 4)",
        "torch.zeros(2, 5, 3)",
        ValueError,
        "LSTMCell: Expected input to be 1D or 2D, got 3D instead",
        "a cell takes one step, (batch, 3) or (3), got [2, 5, 3]",
    ),
    (
        "nn.Linear(3, 4)",
        "torch.zeros(2, 7)",
        RuntimeError,
        "mat1 and mat2 shapes cannot be multiplied (2x7 and 3x4)",
        "linear expected 3 input features in the last dimension, got an input of shape [2, 7]",
    ),
    (
        "nn.Linear(3, 4)",
        "torch.zeros(2, 5, 7)",
        RuntimeError,
        "mat1 and mat2 shapes cannot be multiplied (10x7 and 3x4)",
        "linear expected 3 input features in the last dimension, got an input of shape [2, 5, 7]",
    ),
    (
        "nn.Linear(3, 4)",
        "torch.zeros(7)",
        RuntimeError,
        "mat1 and mat2 shapes cannot be multiplied (1x7 and 3x4)",
        "linear expected 3 input features in the last dimension, got an input of shape [7]",
    ),
    (
        "nn.Linear(3, 4)",
        "torch.zeros(2, 3).double()",
        RuntimeError,
        "mat1 and mat2 must have the same dtype, but got Double and Float",
        "linear takes the input in the weight's dtype, torch.float32",
    ),
    (
        "nn.Linear(3, 4)",
        "torch.zeros(2, 3).long()",
        RuntimeError,
        "mat1 and mat2 must have the same dtype, but got Long and Float",
        "linear takes the input in the weight's dtype, torch.float32",
    ),
    (
        "nn.Linear(3, 4, bias=False)",
        "torch.zeros(2, 3).double()",
        RuntimeError,
        "expected m1 and m2 to have the same dtype, but got: double != float",
        "(bring them together with .to(dtype) or .float())",
    ),
    (
        "nn.Linear(3, 4)",
        "[1.0]",
        TypeError,
        "linear(): argument 'input' (position 1) must be Tensor, not list",
        "",
    ),
    (
        "nn.LogSoftmax(dim=2)",
        "torch.zeros(2, 3)",
        IndexError,
        "Dimension out of range (expected to be in range of [-2, 1], but got 2)",
        "",
    ),
    (
        "nn.LogSoftmax(dim=-3)",
        "torch.zeros(2, 3)",
        IndexError,
        "Dimension out of range (expected to be in range of [-2, 1], but got -3)",
        "",
    ),
    (
        "nn.Softmax(dim=1)",
        "torch.zeros(3)",
        IndexError,
        "Dimension out of range (expected to be in range of [-1, 0], but got 1)",
        "",
    ),
    (
        "nn.LogSoftmax(dim=1)",
        "torch.zeros(2, 3).long()",
        NotImplementedError,
        "\"log_softmax_lastdim_kernel_impl\" not implemented for 'Long'",
        "",
    ),
    ("nn.LogSoftmax(dim='x')", "torch.zeros(2, 3)", TypeError, "must be int, not str", ""),
    (
        "nn.Softmax2d()",
        "torch.zeros(2, 3)",
        ValueError,
        "Softmax2d: expected input to be 3D or 4D, got 2D instead",
        "",
    ),
    (
        "nn.PReLU(3)",
        "torch.zeros(2, 4)",
        RuntimeError,
        "Mismatch of parameter numbers and input channel size. Found parameter numbers = 3 and channel size = 4",
        "",
    ),
    (
        "nn.GLU()",
        "torch.zeros(2, 3)",
        RuntimeError,
        "Halving dimension must be even, but dimension 1 is size 3",
        "",
    ),
    (
        "nn.GELU('x')",
        "torch.zeros(2)",
        RuntimeError,
        "approximate argument must be either none or tanh",
        "got 'x'",
    ),
    (
        "nn.BCELoss()",
        "torch.tensor([0.5, 1.5]), torch.ones(2)",
        RuntimeError,
        "all elements of input should be between 0 and 1",
        "got 1.5 at position (1,)",
    ),
    (
        "nn.BCELoss()",
        "torch.ones(2), torch.ones(3)",
        ValueError,
        "Using a target size (torch.Size([3])) that is different to the input size (torch.Size([2])) is deprecated. Please ensure they have the same size",
        "",
    ),
    (
        "nn.MSELoss(reduction='x')",
        "torch.ones(2), torch.ones(2)",
        ValueError,
        "x is not a valid value for reduction",
        "use 'none', 'mean' or 'sum'",
    ),
    (
        "nn.EmbeddingBag(10, 3)",
        "torch.tensor([[0, 10]])",
        RuntimeError,
        "Index 1 of input takes value 10 which is not in the valid range [0, 10)",
        "the table has 10 rows, so indices run from 0 to 9",
    ),
    (
        "nn.EmbeddingBag(10, 3)",
        "torch.tensor([0, 1])",
        ValueError,
        "offsets has to be a 1D Tensor but got None",
        "",
    ),
    (
        "nn.Dropout1d()",
        "torch.zeros(2)",
        RuntimeError,
        "dropout1d: Expected 2D or 3D input, but received a 1D input. Note that dropout1d exists to provide channel-wise dropout on inputs with 1 spatial dimension, a channel dimension, and an optional batch dimension (i.e. 2D or 3D inputs)",
        "",
    ),
    (
        "nn.Dropout()",
        "3",
        TypeError,
        "dropout(): argument 'input' (position 1) must be Tensor, not int",
        "",
    ),
]

# The same of constructors and methods.
EXPRESSIONS = [
    (
        "nn.Dropout(1.5)",
        ValueError,
        "dropout probability has to be between 0 and 1, but got 1.5",
        "",
    ),
    (
        "nn.Dropout(-0.1)",
        ValueError,
        "dropout probability has to be between 0 and 1, but got -0.1",
        "",
    ),
    (
        "nn.AlphaDropout(2)",
        ValueError,
        "dropout probability has to be between 0 and 1, but got 2",
        "",
    ),
    (
        "nn.Embedding(3, 2, padding_idx=3)",
        AssertionError,
        "Padding_idx must be within num_embeddings",
        "got 3 for a table of 3 rows, so it runs from -3 to 2",
    ),
    (
        "nn.Embedding(3, 2, padding_idx=-4)",
        AssertionError,
        "Padding_idx must be within num_embeddings",
        "got -4 for a table of 3 rows, so it runs from -3 to 2",
    ),
    (
        "nn.Embedding(3, 2, _weight=torch.ones(2, 2))",
        AssertionError,
        "Shape of weight does not match num_embeddings and embedding_dim",
        "expected [3, 2], got [2, 2]",
    ),
    (
        "nn.EmbeddingBag(3, 2, padding_idx=7)",
        AssertionError,
        "padding_idx must be within num_embeddings",
        "got 7 for a table of 3 rows, so it runs from -3 to 2",
    ),
    (
        "nn.Embedding.from_pretrained(torch.ones(3))",
        AssertionError,
        "Embeddings parameter is expected to be 2-dimensional",
        "rows by features, got shape [3]",
    ),
    ("nn.Hardtanh(2, 1)", AssertionError, "max_val (1) must be greater than min_val (2)", ""),
    ("nn.Tanh(3)", TypeError, "Tanh.__init__() takes 1 positional argument but 2 were given", ""),
    (
        'nn.Linear(3, 4).register_buffer("a.b", torch.ones(1))',
        KeyError,
        "buffer name can't contain",
        "got: a.b",
    ),
    (
        'nn.Linear(3, 4).register_buffer("", torch.ones(1))',
        KeyError,
        "buffer name can't be empty string",
        "",
    ),
    (
        "nn.Linear(3, 4).register_buffer(3, torch.ones(1))",
        TypeError,
        "buffer name should be a string. Got int",
        "",
    ),
    (
        'nn.Linear(3, 4).register_buffer("weight", torch.ones(1))',
        KeyError,
        "attribute 'weight' already exists",
        "",
    ),
    (
        'nn.Linear(3, 4).register_buffer("a", 3)',
        TypeError,
        "cannot assign 'int' object to buffer 'a' (torch Tensor or None required)",
        "",
    ),
    (
        'nn.Linear(3, 4).register_buffer("forward", torch.ones(1))',
        KeyError,
        "attribute 'forward' already exists",
        "",
    ),
    (
        'nn.Linear(3, 4).register_parameter("a", torch.ones(1))',
        TypeError,
        "cannot assign 'torch.FloatTensor' object to parameter 'a' (torch.nn.Parameter or None required)",
        "",
    ),
    (
        "nn.Linear(3, 4).load_state_dict({})",
        RuntimeError,
        'Missing key(s) in state_dict: "weight", "bias".',
        "",
    ),
    (
        'nn.Linear(3, 4).load_state_dict({"weight": torch.ones(4, 3)})',
        RuntimeError,
        'Missing key(s) in state_dict: "bias".',
        "",
    ),
    (
        'nn.Linear(3, 4).load_state_dict({"weight": torch.ones(4, 5), "bias": torch.ones(4)})',
        RuntimeError,
        "size mismatch for weight: copying a param with shape torch.Size([4, 5]) from checkpoint, the shape in current model is torch.Size([4, 3])",
        "",
    ),
    (
        'nn.Linear(3, 4).load_state_dict({"module.weight": torch.ones(4, 3), "module.bias": torch.ones(4)})',
        RuntimeError,
        'Unexpected key(s) in state_dict: "module.weight", "module.bias".',
        'Every key of the state dict has the prefix "module.", which the model\'s names do not have (the model was saved while wrapped in DataParallel); without it all of them fit:\n\t\tmodel.load_state_dict({key.removeprefix("module."): value for key, value in state_dict.items()})',
    ),
    (
        'nn.Linear(3, 4).load_state_dict({"weight": torch.ones(4, 3), "bias": torch.ones(4), "x": torch.ones(1)})',
        RuntimeError,
        'Unexpected key(s) in state_dict: "x".',
        "",
    ),
    (
        "nn.Linear(3, 4).load_state_dict([1])",
        TypeError,
        "Expected state_dict to be dict-like, got <class 'list'>",
        "",
    ),
    (
        'nn.Linear(3, 4).load_state_dict({"weight": 3, "bias": torch.ones(4)})',
        RuntimeError,
        "While copying the parameter named \"weight\", expected torch.Tensor or Tensor-like object from checkpoint but received <class 'int'>",
        "",
    ),
]


def scope(library):
    return {"torch": library, "nn": library.nn}


def bare(library, module, arguments):
    return eval(module, scope(library))(*eval(f"({arguments},)", scope(library)))


def nested(library, module, arguments):
    """Call a module as ``encoder.1`` of a model."""

    class Model(library.nn.Module):
        def __init__(self):
            super().__init__()
            inner = eval(module, scope(library))
            self.encoder = library.nn.ModuleList([library.nn.Identity(), inner])

        def forward(self, *inputs):
            return self.encoder[1](*inputs)

    return Model()(*eval(f"({arguments},)", scope(library)))


def raised(call, *arguments):
    """Return the exception of a call."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(Exception) as caught:
            call(*arguments)
    return caught.value


def text_of(error):
    return str(error.args[0])


@pytest.mark.parametrize("module, arguments, error, phrase, ours", CALLS)
def test_a_bad_call_names_value_place_and_limit(module, arguments, error, phrase, ours):
    got = raised(bare, penlight, module, arguments)
    assert type(got) is error
    assert phrase in text_of(got)
    assert ours in text_of(got)
    assert "(module:" not in text_of(got)


@pytest.mark.parametrize("module, arguments, error, phrase, ours", CALLS)
def test_in_a_model_the_module_s_path_is_named_last(module, arguments, error, phrase, ours):
    got = raised(nested, penlight, module, arguments)
    assert type(got) is error
    assert (
        text_of(got) == f"{text_of(raised(bare, penlight, module, arguments))} (module: encoder.1)"
    )


@needs_oracle
@pytest.mark.parametrize("module, arguments, error, phrase, ours", CALLS)
def test_torch_raises_the_same_for_the_same_call(module, arguments, error, phrase, ours):
    theirs = raised(bare, torch, module, arguments)
    assert type(theirs) is error
    assert phrase in text_of(theirs)


@pytest.mark.parametrize("expression, error, phrase, ours", EXPRESSIONS)
def test_a_bad_argument_or_state_is_named(expression, error, phrase, ours):
    got = raised(eval, expression, scope(penlight))
    assert type(got) is error
    assert phrase in text_of(got)
    assert ours in text_of(got)


@needs_oracle
@pytest.mark.parametrize("expression, error, phrase, ours", EXPRESSIONS)
def test_torch_raises_the_same_for_the_same_argument(expression, error, phrase, ours):
    theirs = raised(eval, expression, scope(torch))
    assert type(theirs) is error
    assert phrase in text_of(theirs)


def test_a_refused_batch_changes_nothing():
    weight = penlight.ones(3, 2, requires_grad=True)
    with pytest.raises(IndexError):
        penlight.nn.functional.embedding(penlight.tensor([0, 3]), weight, max_norm=0.1)
    assert weight.tolist() == [[1.0, 1.0]] * 3


def test_the_path_reaches_through_every_level():
    nn = penlight.nn
    inner = nn.Sequential(nn.Identity(), nn.Linear(3, 4))
    model = nn.Sequential(nn.Flatten(), nn.Sequential(inner))
    with pytest.raises(RuntimeError, match=r"shape \[2, 7\] \(module: 1\.0\.1\)$"):
        model(penlight.zeros(2, 7))
