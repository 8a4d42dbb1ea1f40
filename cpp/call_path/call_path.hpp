// The common case of an op's generated call path (ops/_codegen.py), without the interpreter: plain
// tensors of one dtype, one result. Whatever else it meets, it leaves to the generated path by
// returning None. It knows what that path knows: Tensor's slots, the node's slots, what is saved.
#pragma once

// The module's definition comes with Python's headers.
#include <Python.h>

namespace penlight {

// Adds the type CallPath and the function prepare_call_path; false with an exception set.
bool add_call_path(PyObject* module);

// A tensor's array (borrowed); null, without an exception, for anything else and for a tensor whose
// array is not written out yet. After prepare_call_path.
PyObject* plain_array(PyObject* object);

// Adds the function run_nodes, the loop of a backward walk; after add_call_path.
bool add_walk(PyObject* module);

// Adds the functions add_into, sub_into, mul_into and div_into, arithmetic in place.
bool add_elementwise(PyObject* module);

}  // namespace penlight
