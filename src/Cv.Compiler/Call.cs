using Cv.Dsl;
using Cv.Runtime;

namespace Cv.Compiler;

/// <summary>
/// Holds the checked bindings of one call, a tensor per input and a number per symbol, both by their numbers in the signature, and claims the memory that the call
/// uses. A function fills one again and again, so that a call allocates nothing.
/// </summary>
sealed class Call(Signature signature) : Claims
{
    readonly Tensor?[] _tensors = new Tensor?[signature.Inputs.Length];
    readonly int[] _extents = new int[signature.Symbols.Length];
    readonly Stack<Tensor> _copies = new();
    Leaves? _leaves;
    int _results;

    /// <summary>Gives the number that each symbol is bound to.</summary>
    public ReadOnlySpan<int> Extents => _extents;

    /// <summary>Gives the tensor of an input; of one that is bound.</summary>
    public Tensor this[int input] => _tensors[input]!;

    /// <summary>Tells whether an input is bound.</summary>
    public bool Has(int input) => _tensors[input] is not null;

    /// <summary>Binds an input; the call keeps it alive until it is cleared.</summary>
    public void Set(int input, Tensor value) => _tensors[input] = value;

    /// <summary>Puts a tensor of the call's own in an input's place; it is disposed when the call has ended.</summary>
    public void Replace(int input, Tensor value)
    {
        _copies.Push(value);
        Set(input, value);
    }

    /// <summary>Binds a symbol, or tells what it is bound to when that is another number.</summary>
    public bool TryBind(int symbol, int value, out int bound)
    {
        if (_extents[symbol] < 0)
            _extents[symbol] = value;
        bound = _extents[symbol];
        return bound == value;
    }

    /// <summary>Claims what the call writes and reads, and copies the inputs that it would overwrite: parts of the state, and the tensors for its results.</summary>
    /// <param name="results">The caller's tensors for the results; none where they are fresh ones, which nobody else knows.</param>
    /// <param name="leaves">The tensors of parameters and states.</param>
    /// <exception cref="ObjectDisposedException">A tensor was disposed.</exception>
    /// <exception cref="BindingException">A result shares memory with another one or with the state, or a label is none.</exception>
    /// <exception cref="ReentryException">The call is made inside another one, which would have to end first.</exception>
    public void Begin(ReadOnlySpan<Tensor> results, Leaves leaves)
    {
        (_results, _leaves) = (results.Length, leaves);
        foreach (var result in results)
            Add(result, ClaimUse.Write);
        foreach (var (tensor, isWritten, _) in leaves.All)
            Add(tensor, isWritten ? ClaimUse.Write : ClaimUse.ReadApart);
        foreach (var tensor in _tensors)
            Add(tensor!, ClaimUse.Read);
        Take();
        int first = _results + leaves.All.Length;
        for (int i = 0; i < _tensors.Length; i++)
            if (IsOverwritten(first + i))
                Replace(i, this[i].Clone());
        signature.CheckElements(this);
    }

    /// <summary>Ends the call, and forgets every binding: nothing of the caller's is kept between calls.</summary>
    public void Clear()
    {
        End();
        while (_copies.TryPop(out var copy))
            copy.Dispose();
        Array.Clear(_tensors);
        Array.Fill(_extents, -1);
        _leaves = null;
    }

    /// <inheritdoc/>
    public override string NameOf(int index)
    {
        if (index < _results)
            return $"the tensor for result {index}";
        index -= _results;
        return index < _leaves!.All.Length ? Text(_leaves.All[index].Leaf) : Text(signature.Inputs[index - _leaves.All.Length]);

        static string Text(Named leaf) => $"{leaf.Name} \"{leaf.Id}\"";
    }

    /// <summary>Lists the symbols with their numbers, for the compiler.</summary>
    public Dictionary<string, int> Binding()
    {
        var binding = new Dictionary<string, int>();
        for (int i = 0; i < _extents.Length; i++)
            binding[signature.Symbols[i]] = _extents[i];
        return binding;
    }

    /// <summary>Gives the number that a symbol is bound to.</summary>
    public int ExtentOf(string symbol) => _extents[signature.Symbols.IndexOf(symbol)];

    /// <summary>Prints the symbols with their numbers: N = 17, M = 3.</summary>
    public string ExtentsText() => string.Join(", ", signature.Symbols.Select((symbol, i) => $"{symbol} = {_extents[i]}"));
}
