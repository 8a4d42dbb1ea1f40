// Forwards of a few elements, without the interpreter and without the bindings; arithmetic also of
// many, on several threads.
//
// A shortcut takes what the op's forward takes: arrays for tensors, a list of arrays for several,
// and the other arguments as they were given. It returns the result as a new array, to the bit what
// the forward gives, or null without an exception where the arguments are not ones it takes: then
// the forward is called, and words the errors.
#pragma once

#include "call_path/objects.hpp"

namespace penlight {

using Shortcut = PyObject* (*)(PyObject* const* args);

struct NamedShortcut {
  const char* op;
  Shortcut function;
};

// A family's shortcuts, the last of them without a name.
extern const NamedShortcut kElementwiseShortcuts[];
extern const NamedShortcut kIndexShortcuts[];
extern const NamedShortcut kJoinShortcuts[];
extern const NamedShortcut kPointwiseShortcuts[];
extern const NamedShortcut kProductShortcuts[];
extern const NamedShortcut kRowShortcuts[];
extern const NamedShortcut kSumShortcuts[];
extern const NamedShortcut kViewShortcuts[];

// The shortcut of the op of that name in the registry; null where there is none.
Shortcut find_shortcut(const char* op);

}  // namespace penlight
