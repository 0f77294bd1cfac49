using System.Runtime.InteropServices;

namespace Cv.Benchmarks;

/// <summary>
/// Calls OpenBLAS, where Debian's libopenblas0-pthread is installed, with nothing between: no interpreter and no dispatch, whose time would be charged to it.
/// </summary>
sealed unsafe class OpenBlas
{
    const int RowMajor = 101;
    const int Plain = 111;
    const int Transposed = 112;

    readonly delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void> _multiply;
    readonly delegate* unmanaged<int, void> _setThreads;

    OpenBlas(nint library)
    {
        _multiply = (delegate* unmanaged<int, int, int, int, int, int, float, float*, int, float*, int, float, float*, int, void>)
            NativeLibrary.GetExport(library, "cblas_sgemm");
        _setThreads = (delegate* unmanaged<int, void>)NativeLibrary.GetExport(library, "openblas_set_num_threads");
        Name = $"OpenBLAS {Words("openblas_get_config").Split(' ').ElementAtOrDefault(1)} {Words("openblas_get_corename")}";

        string Words(string export) =>
            Marshal.PtrToStringUTF8((nint)((delegate* unmanaged<byte*>)NativeLibrary.GetExport(library, export))()) ?? "";
    }

    /// <summary>Gives version and kernel family.</summary>
    public string Name { get; }

    /// <summary>Loads the library; gives null where it is missing.</summary>
    public static OpenBlas? Load() => NativeLibrary.TryLoad("libopenblas.so.0", out nint library) ? new(library) : null;

    /// <summary>Sets the number of threads.</summary>
    public void SetThreads(int threads) => _setThreads(threads);

    /// <summary>Computes C = A B, of m by k and k by n numbers in row-major order; either may lie transposed.</summary>
    public void Multiply(nint a, nint b, nint c, int m, int k, int n, bool transposeA, bool transposeB) =>
        _multiply(
            RowMajor,
            transposeA ? Transposed : Plain,
            transposeB ? Transposed : Plain,
            m,
            n,
            k,
            1,
            (float*)a,
            transposeA ? m : k,
            (float*)b,
            transposeB ? k : n,
            0,
            (float*)c,
            n
        );
}
