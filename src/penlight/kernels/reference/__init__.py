"""The NumPy form of each kernel, one module per family: what the compiled kernels are copies of.

A kernel writes into the arrays it is given first and returns nothing. All arrays are C-contiguous
and of one dtype (float32 or float64) unless said otherwise; what is written overlaps nothing else.
"""
