using Cv.Dsl;

namespace Cv.Runtime;

/// <summary>Reports a call whose bindings do not fit the function: an input unknown or unbound, or a value of wrong dtype, shape or range.</summary>
public sealed class BindingException : Exception
{
    readonly Origin? _declared;

    /// <summary>Makes the error with its message, which names the input.</summary>
    public BindingException(string message)
        : base(ErrorText.Bounded(message)) { }

    /// <summary>Makes the error with its message and the input, parameter or state that it is about.</summary>
    public BindingException(string message, Named about)
        : base(ErrorText.Bounded(message)) => _declared = Expr.Of(about).Origin;

    /// <summary>Gives rule, facts and fix, without the line.</summary>
    public string Text => base.Message;

    /// <summary>Gives rule, facts and fix, and the line that declared what the error is about.</summary>
    public override string Message => _declared is null ? Text : $"{Text} (declared at {_declared})";
}

/// <summary>
/// Reports a call that is made inside another one, by what an op of that runs, and would read half of its update, change what it reads, or wait without end.
/// </summary>
public sealed class ReentryException : InvalidOperationException
{
    /// <summary>Makes the error with its message, which names the tensor.</summary>
    public ReentryException(string message)
        : base(message) { }
}

/// <summary>Reports data that is not what it should be; the message names the file, the offset, what was expected and what was found.</summary>
public sealed class DataException : Exception
{
    /// <summary>Makes the error with its message.</summary>
    public DataException(string message)
        : base(ErrorText.Bounded(message)) { }

    /// <summary>Makes the error with its message and what caused it.</summary>
    public DataException(string message, Exception innerException)
        : base(ErrorText.Bounded(message), innerException) { }
}

/// <summary>Reports a checkpoint that cannot be written, is torn, or is of another run; the message names the file and says what to do.</summary>
public sealed class CheckpointException : Exception
{
    /// <summary>Makes the error with its message.</summary>
    public CheckpointException(string message)
        : base(ErrorText.Bounded(message)) { }

    /// <summary>Makes the error with its message and what caused it.</summary>
    public CheckpointException(string message, Exception innerException)
        : base(ErrorText.Bounded(message), innerException) { }
}

/// <summary>Reports a training run that was stopped because its loss was NaN or infinite.</summary>
public sealed class TrainingException : Exception
{
    /// <summary>Makes the error with its message and its facts.</summary>
    public TrainingException(string message, int epoch, long step, NonFiniteReport? report)
        : base(ErrorText.Bounded(message)) => (Epoch, Step, Report) = (epoch, step, report);

    /// <summary>Gives the epoch of the bad step, counted from 1.</summary>
    public int Epoch { get; }

    /// <summary>Gives the bad step, counted from 1 over the whole run.</summary>
    public long Step { get; }

    /// <summary>Names the first node that was not finite; null when none was found.</summary>
    public NonFiniteReport? Report { get; }
}
