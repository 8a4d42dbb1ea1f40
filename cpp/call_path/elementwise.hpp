// Arithmetic on small contiguous arrays, without NumPy's search for a loop.
#pragma once

#include "call_path/objects.hpp"

namespace penlight {

enum class Arithmetic : int { kNone, kAdd, kSubtract, kMultiply, kDivide };

// The result as a new array; null without an exception where the operands are not ones it takes: a
// float32 or float64 array of at most a few thousand elements with another of its shape, or with a
// Python number or a 0-d array, in either order.
PyObject* small_arithmetic(Arithmetic which, PyObject* first, PyObject* second);

}  // namespace penlight
