// The calls that come before ops: `x.view(…)`, `x.reshape(…)` and `x[…]` read their arguments and
// call the paths of one op or several. What is not plain they leave to Python by returning None.
#pragma once

#include <Python.h>

namespace penlight {

// Adds the type TensorCall; after add_call_path. False with an exception set.
bool add_tensor_calls(PyObject* module);

}  // namespace penlight
