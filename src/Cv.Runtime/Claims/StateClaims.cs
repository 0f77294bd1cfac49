namespace Cv.Runtime;

/// <summary>Claims the tensors of states, for what reads or changes a state as a whole outside of a call: a copy, a file, a schedule.</summary>
sealed class StateClaims : Claims, IDisposable
{
    readonly List<string> _names = [];

    StateClaims() { }

    /// <summary>Claims tensors of one state to change them, and of another to read them.</summary>
    /// <exception cref="ObjectDisposedException">A tensor was disposed.</exception>
    /// <exception cref="ReentryException">A call that this thread is in changes one of them.</exception>
    public static StateClaims Take(ModelState? changed, ModelState? read, Func<string, bool>? which = null)
    {
        var claims = new StateClaims();
        claims.Add(changed, ClaimUse.Write, which);
        claims.Add(read, ClaimUse.Read, which);
        try
        {
            claims.Take();
        }
        catch
        {
            claims.End();
            throw;
        }
        return claims;
    }

    /// <inheritdoc/>
    public override string NameOf(int index) => $"\"{_names[index]}\" of the state";

    /// <summary>Ends the claims.</summary>
    public void Dispose() => End();

    void Add(ModelState? state, ClaimUse use, Func<string, bool>? which)
    {
        if (state is null)
            return;
        foreach (string name in state.Names)
            if (which is null || which(name))
            {
                Add(state[name], use);
                _names.Add(name);
            }
    }
}
