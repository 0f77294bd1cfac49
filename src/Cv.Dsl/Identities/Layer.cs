using System.Collections.Immutable;

namespace Cv.Dsl;

/// <summary>
/// Holds layers that are to be shared: each application uses the same parameters, states and random numbers. What a verb writes without a name is a layer of its own at each use;
/// to use one twice, make it a value.
/// </summary>
/// <typeparam name="TInput">What the function takes: a node, an array or a tuple of them.</typeparam>
/// <typeparam name="TOutput">What it gives.</typeparam>
/// <example><code>
/// var encode = Layer.Of(x => x.Dense(64).Relu().Dense(16));
/// Expr distance = (encode.Apply(left) - encode.Apply(right)).Pow(2).Sum([1]);   // two images, one encoder
/// </code></example>
public class Layer<TInput, TOutput>
{
    readonly Func<TInput, TOutput> _function;
    readonly Lock _gate = new();
    readonly Taking? _around = Layer.Current;
    volatile object? _made; // an ImmutableArray<Identity>, boxed: written once
    bool _isMaking;

    internal Layer(Func<TInput, TOutput> function)
    {
        ArgumentNullException.ThrowIfNull(function);
        _function = function;
    }

    /// <summary>Applies the layers. The first application makes them, each other one uses them again.</summary>
    /// <exception cref="GraphException">The function makes other layers than the first time, or applies itself.</exception>
    /// <exception cref="ShapeException">A parameter would be of another type than the first time.</exception>
    public TOutput Apply(TInput x)
    {
        if (_made is null)
            lock (_gate)
                if (_made is null)
                    return Make(x);
        var taking = new Taking((ImmutableArray<Identity>)_made!, null);
        var y = Run(x, taking);
        return taking.IsDone
            ? y
            : throw new GraphException(
                $"layer: each application must make the same layers, in the same order; got {taking.Count} of {taking.Known.Length}, without {taking.Known[taking.Count]}. Decide by nothing but what the layer was made with, or make two layers."
            );
    }

    TOutput Make(TInput x)
    {
        if (_isMaking)
            throw new GraphException(
                "layer: a layer must not apply itself; this one does. Take the inner part out: make it a layer, and apply that."
            );
        _isMaking = true;
        try
        {
            var taking = new Taking(default, _around);
            var y = Run(x, taking);
            _made = taking.Known;
            return y;
        }
        finally
        {
            _isMaking = false;
        }
    }

    TOutput Run(TInput x, Taking taking)
    {
        var before = Layer.Current;
        Layer.Current = taking;
        try
        {
            return _function(x);
        }
        finally
        {
            Layer.Current = before;
            taking.End();
        }
    }
}

/// <summary>Holds layers of one input that are to be shared. <see cref="Of(Func{Expr, Expr})"/> makes one.</summary>
/// <example><code>
/// var block = Layer.Of(x => x.Dense(64).Relu());
/// Expr y = block.Apply(block.Apply(x));   // the same weights twice
/// </code></example>
public sealed class Layer : Layer<Expr, Expr>
{
    static readonly AsyncLocal<Taking?> Ambient = new();

    Layer(Func<Expr, Expr> function)
        : base(function) { }

    /// <summary>Makes a function of layers a value; nothing is built before it is applied.</summary>
    /// <example><code>var block = Layer.Of(x => x.Conv(16, 3, padding: 1).BatchNorm().Relu());</code></example>
    public static Layer Of(Func<Expr, Expr> function) => new(function);

    /// <summary>Makes a function of several nodes a value, of an array or a tuple.</summary>
    /// <example><code>var cell = Layer.Of((Expr[] s) => (s[0].Dense(8) + s[1].Dense(8)).Tanh());</code></example>
    public static Layer<TInput, TOutput> Of<TInput, TOutput>(Func<TInput, TOutput> function) => new(function);

    /// <summary>Is the application under way, whose layers these are, if any.</summary>
    internal static Taking? Current
    {
        get => Ambient.Value;
        set => Ambient.Value = value;
    }

    /// <summary>Gives a layer that is written now its identity.</summary>
    internal static Identity Take(string kind, bool isShared = false) =>
        Current is { } taking ? taking.Take(kind, isShared) : new FreshIdentity(kind, isShared);
}

/// <summary>Hands out identities while a layer is applied: new ones the first time, then the same in the same order.</summary>
/// <param name="known">What the first application made; default while it makes them.</param>
/// <param name="around">The application in which the layer itself was made: there, what is new is its layers'.</param>
sealed class Taking(ImmutableArray<Identity> known, Taking? around)
{
    readonly Lock _gate = new();
    readonly List<Identity> _made = [];
    bool _hasEnded;

    /// <summary>Counts what was handed out.</summary>
    public int Count { get; private set; }

    /// <summary>Lists what the first application made.</summary>
    public ImmutableArray<Identity> Known => known.IsDefault ? [.. _made] : known;

    /// <summary>Tells whether everything was handed out.</summary>
    public bool IsDone => Count == Known.Length;

    public void End() => _hasEnded = true;

    public Identity Take(string kind, bool isShared)
    {
        lock (_gate)
        {
            if (!known.IsDefault)
                return Again(kind);
            var made = around is { _hasEnded: false } ? around.Take(kind, isShared) : new FreshIdentity(kind, isShared);
            _made.Add(made);
            Count++;
            return made;
        }
    }

    Identity Again(string kind)
    {
        if (Count == known.Length)
            throw new GraphException(
                $"layer: each application must make the same layers, in the same order; got one more, a {kind}. Decide by nothing but what the layer was made with, or make two layers."
            );
        var next = known[Count++];
        return next is FreshIdentity fresh && fresh.Kind == kind
            ? next
            : throw new GraphException(
                $"layer: each application must make the same layers, in the same order; got a {kind} in the place of {next}. Decide by nothing but what the layer was made with, or make two layers."
            );
    }
}
