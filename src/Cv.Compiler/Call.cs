using Cv.Runtime;

namespace Cv.Compiler;

/// <summary>Holds the checked bindings of one call: a tensor per input, a number per symbol.</summary>
sealed class Call(int inputs)
{
    readonly Dictionary<string, Tensor> _tensors = new(inputs);
    readonly Dictionary<string, int> _symbols = [];

    public IReadOnlyDictionary<string, int> Symbols => _symbols;

    public Tensor this[string input] => _tensors[input];

    public bool Has(string input) => _tensors.ContainsKey(input);

    public void Add(string input, Tensor value)
    {
        if (!_tensors.TryAdd(input, value))
            throw new BindingException($"call: input \"{input}\" may be bound once; got it twice. Drop one binding.");
    }

    /// <summary>Puts another tensor in an input's place, and keeps it for as long as the call.</summary>
    public Tensor Replace(string input, Tensor value) => _tensors[input] = value;

    /// <summary>Binds a symbol, or tells what it is bound to when that is another number.</summary>
    public bool TryBind(string symbol, int value, out int bound)
    {
        if (!_symbols.TryGetValue(symbol, out bound))
            _symbols[symbol] = bound = value;
        return bound == value;
    }
}
