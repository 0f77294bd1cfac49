using System.Collections.Immutable;
using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>
/// Holds the named tensors that live between calls: parameters and optimiser state. Once made, its names and tensors stay the same
/// objects at the same addresses; only their elements change.
/// </summary>
/// <remarks>
/// For any number of threads: calls that read the state run beside each other, and one that changes it runs alone, in the order in which they came. Copies and files
/// made of it are whole too, from before or after such a call. A span of a tensor's elements is the caller's to guard.
/// </remarks>
/// <example><code>
/// var state = ModelState.Initialise([w, b], seed: 1);
/// Tensor weights = state["w"];
/// </code></example>
public sealed partial class ModelState : IDisposable
{
    readonly Dictionary<string, Tensor> _tensors = [];

    /// <summary>Makes a state that owns the given tensors, in their order.</summary>
    /// <exception cref="ArgumentException">Two tensors have one name, or share memory.</exception>
    public ModelState(IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        var names = ImmutableArray.CreateBuilder<string>();
        foreach (var (name, tensor) in tensors)
        {
            _tensors.Add(name, tensor);
            names.Add(name);
        }
        Names = names.ToImmutable();
        Overlaps.Refuse(_tensors.Select(t => (t.Key, t.Value)));
    }

    /// <summary>Gives the state of a function that has neither parameters nor state: no tensors.</summary>
    public static ModelState Empty { get; } = new([]);

    /// <summary>Lists the names, in the order in which the leaves were given.</summary>
    public ImmutableArray<string> Names { get; }

    /// <summary>Gives the tensor of a name; always the same object.</summary>
    /// <exception cref="KeyNotFoundException">There is no such name.</exception>
    public Tensor this[string name] =>
        _tensors.TryGetValue(name, out var tensor)
            ? tensor
            : throw new KeyNotFoundException(
                $"state: \"{ErrorText.Name(name)}\" must be one of its names; it has {(Names.IsEmpty ? "none" : ErrorText.List(Names))}. Initialise it with the graph's leaves."
            );

    /// <summary>
    /// Makes the first values of parameters and states: parameters from their initialisers, states from their fill. The numbers
    /// depend on <paramref name="seed"/> and each leaf's name, dtype and shape alone.
    /// </summary>
    /// <exception cref="GraphException">A leaf is neither parameter nor state, or two different ones have one name.</exception>
    public static ModelState Initialise(IEnumerable<Expr> leaves, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(leaves);
        ImmutableArray<Expr> all = [.. leaves];
        foreach (var leaf in all)
            if (leaf.Op is not (Parameter or State))
                throw new GraphException($"state: every leaf must be a parameter or a state; got {leaf}. Bind inputs at the call instead.");
        NameTable.Close("state", all);
        var named = new Dictionary<string, Named>();
        foreach (var leaf in all)
        {
            var op = (Named)leaf.Op;
            if (!named.TryAdd(op.Id, op) && named[op.Id] != op)
                throw new GraphException(
                    $"state: a name must mean one thing; \"{op.Id}\" is {Describe(named[op.Id])} and {Describe(op)}. Rename one."
                );
        }
        return new([.. named.Values.Select(op => KeyValuePair.Create(op.Id, FirstValue(op, seed)))]);
    }

    /// <summary>Tells whether there is a tensor of this name.</summary>
    public bool Contains(string name) => _tensors.ContainsKey(name);

    /// <summary>Copies every tensor into a state of its own.</summary>
    /// <exception cref="ObjectDisposedException">A tensor was disposed.</exception>
    public ModelState Clone()
    {
        using var claims = StateClaims.Take(changed: null, read: this);
        return new([.. Names.Select(name => KeyValuePair.Create(name, _tensors[name].Clone()))]);
    }

    /// <summary>Overwrites every tensor's elements with those of a state of the same names and types; changes nothing if they differ.</summary>
    /// <exception cref="ShapeException">Names, dtypes or shapes differ.</exception>
    /// <exception cref="ObjectDisposedException">A tensor was disposed; then nothing is changed.</exception>
    public void CopyFrom(ModelState source)
    {
        ArgumentNullException.ThrowIfNull(source);
        foreach (string name in Names.Union(source.Names))
        {
            string ours = Contains(name) ? _tensors[name].Type.ToString() : "missing";
            string theirs = source.Contains(name) ? source[name].Type.ToString() : "missing";
            if (!string.Equals(ours, theirs, StringComparison.Ordinal))
                throw new ShapeException(
                    $"state: both states must hold the same tensors; \"{name}\" is {theirs} in the source and {ours} here. Copy between states of one model."
                );
        }
        using var claims = StateClaims.Take(changed: this, read: source);
        foreach (string name in Names)
            _tensors[name].CopyFrom(source[name]);
    }

    /// <summary>Disposes every tensor. A call that uses one keeps its memory until it ends.</summary>
    public void Dispose()
    {
        foreach (var tensor in _tensors.Values)
            tensor.Dispose();
    }

    static string Describe(Named op) => $"{op.Name} {op.Type}";

    static Tensor FirstValue(Named op, ulong seed)
    {
        var values = new double[op.Type.Shape.Size];
        if (op is Parameter parameter)
            parameter.Initialiser.Fill(values, op.Type.Shape, seed, op.Id);
        else
            Array.Fill(values, ((State)op).Fill);
        using var drawn = Tensor.From(op.Type.Shape, values);
        return drawn.Cast(op.Type.DType);
    }
}
