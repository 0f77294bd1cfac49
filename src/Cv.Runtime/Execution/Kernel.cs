namespace Cv.Runtime;

/// <summary>Runs the work units <paramref name="from"/> up to, not including, <paramref name="to"/> of one compiled kernel.</summary>
/// <param name="slots">The addresses of the kernel's buffers, in bytes.</param>
/// <param name="from">The first unit.</param>
/// <param name="to">The unit after the last.</param>
/// <param name="worker">The number of the thread that runs it, from 0: it picks the thread's scratch memory.</param>
public delegate void Kernel(long[] slots, long from, long to, long worker);
