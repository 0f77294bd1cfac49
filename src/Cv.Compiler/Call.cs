using Cv.Runtime;

namespace Cv.Compiler;

/// <summary>
/// Holds the checked bindings of one call: a tensor per input, a number per symbol, both by their numbers in the signature. A function
/// fills one again and again, so that a call allocates nothing.
/// </summary>
sealed class Call(Signature signature)
{
    readonly Tensor?[] _tensors = new Tensor?[signature.Inputs.Length];
    readonly int[] _extents = new int[signature.Symbols.Length];

    /// <summary>Gives the number that each symbol is bound to.</summary>
    public ReadOnlySpan<int> Extents => _extents;

    /// <summary>Gives the tensor of an input; of one that is bound.</summary>
    public Tensor this[int input] => _tensors[input]!;

    /// <summary>Tells whether an input is bound.</summary>
    public bool Has(int input) => _tensors[input] is not null;

    /// <summary>Binds an input, or puts another tensor in its place; the call keeps it alive until it is cleared.</summary>
    public void Set(int input, Tensor value) => _tensors[input] = value;

    /// <summary>Binds a symbol, or tells what it is bound to when that is another number.</summary>
    public bool TryBind(int symbol, int value, out int bound)
    {
        if (_extents[symbol] < 0)
            _extents[symbol] = value;
        bound = _extents[symbol];
        return bound == value;
    }

    /// <summary>Forgets every binding.</summary>
    public void Clear()
    {
        Array.Clear(_tensors);
        Array.Fill(_extents, -1);
    }

    /// <summary>Lists the symbols with their numbers, for the compiler.</summary>
    public Dictionary<string, int> Binding()
    {
        var binding = new Dictionary<string, int>();
        for (int i = 0; i < _extents.Length; i++)
            binding[signature.Symbols[i]] = _extents[i];
        return binding;
    }
}
